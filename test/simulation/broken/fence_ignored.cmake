set(source server/lead/fenced_api.cc)
set(passage [[const bool leads = leads_();]])
set(instead [[const bool leads = leads_ != nullptr;]])
