# Writes a source file with one passage replaced.
#
# cmake -DROOT=<checkout> -DFAULT=<file of this folder> -DOUT=<file> -P break.cmake
include("${FAULT}")
file(READ "${ROOT}/${source}" text)
string(FIND "${text}" "${passage}" first)
string(FIND "${text}" "${passage}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
  message(FATAL_ERROR "${FAULT}: ${source} does not hold its passage exactly once")
endif()
string(REPLACE "${passage}" "${instead}" text "${text}")
file(WRITE "${OUT}" "${text}")
