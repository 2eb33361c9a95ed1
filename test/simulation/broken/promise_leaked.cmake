set(source scheduling/ledger/ledger.cc)
set(passage [[    if (released.contains(seat.uid)) {
      Count(seat, -1);]])
set(instead [[    if (released.contains(seat.uid)) {]])
