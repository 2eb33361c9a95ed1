set(source server/lead/fenced_api.cc)
set(passage [[if (!leads_())]])
set(instead [[if (leads_ == nullptr)]])
