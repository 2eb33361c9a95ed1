set(source scheduling/engine/binding.cc)
set(passage [[counted >= count.needed &&]])
set(instead [[counted + 1 >= count.needed &&]])
