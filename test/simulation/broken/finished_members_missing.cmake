set(source scheduling/model/gang.cc)
set(passage [[count.needed = count.ran ? std::min(gang.min_members, count.satisfied + count.ready) : gang.min_members;]])
set(instead [[count.needed = gang.min_members;]])
