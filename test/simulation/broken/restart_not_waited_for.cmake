set(source scheduling/engine/repair.cc)
set(passage [[if (!state->second.to_restart.empty() && gang.waiting_for.empty())]])
set(instead [[if (id.text().empty())]])
