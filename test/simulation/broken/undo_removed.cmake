set(source scheduling/engine/binding.cc)
set(passage [[undo.insert(undo.end(), bound.begin(), bound.end());]])
set(instead "")
