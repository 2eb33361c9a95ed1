set(source server/commit/decisions.cc)
set(passage [[w.arrived < oldest || !w.held->Alive()]])
set(instead [[w.arrived < oldest]])
