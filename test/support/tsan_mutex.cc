// SPDX-License-Identifier: Apache-2.0
//
// Linked into tests that are built with ThreadSanitizer, to make Abseil's locks
// visible to it. Distributions build Abseil without its annotations for the
// sanitizer, and a lock that the sanitizer does not see protects nothing in its
// eyes: every access would be reported.
//
// The definitions here take the place of those in the shared library, for all
// libraries of the process, and call them.
//
// Source: the public functions of absl/synchronization/{mutex,notification}.h,
//         LTS 20220623; mangled as the Itanium C++ ABI says.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/base/options.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

namespace {

#define MUSTER_TEXT_OF(name) #name
#define MUSTER_TEXT(name) MUSTER_TEXT_OF(name)

// The library's own function: `prefix`, the two namespaces, `rest`.
void* Real(const std::string& prefix, const std::string& rest) {
  const std::string ns = MUSTER_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  const std::string name = prefix + "4absl" + std::to_string(ns.size()) + ns + rest;
  void* function = dlsym(RTLD_NEXT, name.c_str());
  if (function == nullptr) {
    std::fprintf(stderr, "no %s in the libraries\n", name.c_str());
    std::abort();
  }
  return function;
}

template <typename Result, typename Object, typename... Args>
Result Call(void* function, Object* object, Args... args) {
  return reinterpret_cast<Result (*)(Object*, Args...)>(function)(object, args...);
}

// While it lives, reads count as ordered: a condition is evaluated inside of
// the library with the lock held.
class IgnoredReads {
 public:
  IgnoredReads() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoredReads() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

}  // namespace

// The function `rest` of a class, looked up once.
#define MUSTER_REAL(prefix, rest)                 \
  []() -> void* {                                 \
    static void* const real = Real(prefix, rest); \
    return real;                                  \
  }()

// A function that takes the lock, perhaps after waiting for a condition.
#define MUSTER_LOCKS(Result, rest, ...)                                      \
  {                                                                          \
    IgnoredReads ignored;                                                    \
    Call<Result>(MUSTER_REAL("_ZN", rest), this __VA_OPT__(, ) __VA_ARGS__); \
  }                                                                          \
  __tsan_acquire(this)

// As above, and says whether it did or the condition holds.
#define MUSTER_ASKS(rest, ...)                                                      \
  bool result = false;                                                              \
  {                                                                                 \
    IgnoredReads ignored;                                                           \
    result = Call<bool>(MUSTER_REAL("_ZN", rest), this __VA_OPT__(, ) __VA_ARGS__); \
  }                                                                                 \
  __tsan_acquire(this);                                                             \
  return result

// Releasing evaluates the conditions of those who wait, still under the lock.
#define MUSTER_UNLOCKS(rest) \
  __tsan_release(this);      \
  IgnoredReads ignored;      \
  Call<void>(MUSTER_REAL("_ZN", rest), this)

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() { MUSTER_LOCKS(void, "5Mutex4LockEv"); }
void Mutex::ReaderLock() { MUSTER_LOCKS(void, "5Mutex10ReaderLockEv"); }
void Mutex::Unlock() { MUSTER_UNLOCKS("5Mutex6UnlockEv"); }
void Mutex::ReaderUnlock() { MUSTER_UNLOCKS("5Mutex12ReaderUnlockEv"); }
bool Mutex::TryLock() { MUSTER_ASKS("5Mutex7TryLockEv"); }

void Mutex::LockWhen(const Condition& condition) {
  MUSTER_LOCKS(void, "5Mutex8LockWhenERKNS0_9ConditionE", &condition);
}
bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  MUSTER_ASKS("5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE", &condition, timeout);
}
void Mutex::Await(const Condition& condition) {
  __tsan_release(this);
  MUSTER_LOCKS(void, "5Mutex5AwaitERKNS0_9ConditionE", &condition);
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  __tsan_release(this);
  MUSTER_ASKS("5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE", &condition, timeout);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  __tsan_release(this);
  MUSTER_ASKS("5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE", &condition, deadline);
}

void CondVar::Wait(Mutex* mutex) {
  __tsan_release(mutex);
  Call<void>(MUSTER_REAL("_ZN", "7CondVar4WaitEPNS0_5MutexE"), this, mutex);
  __tsan_acquire(mutex);
}
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  __tsan_release(mutex);
  const bool expired = Call<bool>(MUSTER_REAL("_ZN", "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE"),
                                  this, mutex, timeout);
  __tsan_acquire(mutex);
  return expired;
}
bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  __tsan_release(mutex);
  const bool expired = Call<bool>(MUSTER_REAL("_ZN", "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"),
                                  this, mutex, deadline);
  __tsan_acquire(mutex);
  return expired;
}

void Notification::Notify() {
  __tsan_release(this);
  Call<void>(MUSTER_REAL("_ZN", "12Notification6NotifyEv"), this);
}
void Notification::WaitForNotification() const {
  Call<void>(MUSTER_REAL("_ZNK", "12Notification19WaitForNotificationEv"), this);
  __tsan_acquire(const_cast<Notification*>(this));
}
bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  const bool notified = Call<bool>(
      MUSTER_REAL("_ZNK", "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE"), this, timeout);
  __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl
