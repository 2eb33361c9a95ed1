set(source scheduling/engine/repair.cc)
set(passage [[if (now < state.undone_since + std::max(deadline, kLeastForUndo)) return bound;]])
set(instead [[if (now < state.undone_since + std::max(deadline, kLeastForUndo)) return {};]])
