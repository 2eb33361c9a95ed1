// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/parallel.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace muster::simulate {

void RunAll(size_t count, const std::function<void(size_t)>& run,
            const std::function<void(int done, int all)>& progress) {
  std::mutex mutex;
  size_t next = 0;
  int done = 0;
  const auto work = [&] {
    while (true) {
      size_t mine = 0;
      {
        const std::lock_guard lock(mutex);
        if (next == count) return;
        mine = next++;
      }
      run(mine);
      const std::lock_guard lock(mutex);
      progress(++done, static_cast<int>(count));
    }
  };
  const size_t workers =
      std::clamp<size_t>(std::thread::hardware_concurrency(), 1, std::max<size_t>(count, 1));
  std::vector<std::thread> threads;
  for (size_t t = 1; t < workers; ++t) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace muster::simulate
