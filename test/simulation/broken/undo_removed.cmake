set(source scheduling/engine/repair.cc)
set(passage [[if (harmless && unfinished >= DeadlineOf(gang)) return bound;]])
set(instead [[if (harmless && unfinished >= DeadlineOf(gang)) return {};]])
