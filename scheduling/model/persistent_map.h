// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace muster {

// An ordered map whose copies share what they have in common.
//
// Why:       a cluster view is immutable once published, and the next one
//            differs by a few entries. Copying a map costs one pointer per 64
//            entries, changing an entry copies the chunk that it is in, once:
//            changes of a map that is not copied meanwhile are made in place.
// Invariant: chunks are non-empty and ascending, and so are the entries within.
//            A chunk that bears the present mark of a map is in no other map.
// Threads:   thread-compatible; copies may be made and used by different threads.
template <typename K, typename V>
class PersistentMap {
 public:
  using Entry = std::pair<K, V>;

  PersistentMap() = default;
  PersistentMap(const PersistentMap& other) : chunks_(other.chunks_), size_(other.size_) { other.copied_ = true; }
  PersistentMap(PersistentMap&& other) noexcept { swap(other); }
  // By copy and swap, so for both.
  PersistentMap& operator=(PersistentMap other) noexcept {
    swap(other);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The value under `key`; null if there is none. Valid until this map changes.
  const V* Find(const K& key) const {
    const size_t c = ChunkFor(key);
    if (c == chunks_.size()) return nullptr;
    const auto at = EntryFor(*chunks_[c], key);
    return at != chunks_[c]->entries.end() && at->first == key ? &at->second : nullptr;
  }

  void Set(const K& key, V value) {
    if (chunks_.empty()) {
      Renew();
      chunks_.push_back(std::make_shared<Chunk>(Chunk{{{key, std::move(value)}}, mark_}));
      size_ = 1;
      return;
    }
    // A key above all others belongs at the end of the last chunk.
    const size_t c = std::min(ChunkFor(key), chunks_.size() - 1);
    const auto old = chunks_[c];  // `key` may be one of its
    std::vector<Entry>& entries = Own(c).entries;
    const auto at = entries.begin() + (EntryFor(*chunks_[c], key) - entries.cbegin());
    if (at != entries.end() && at->first == key) {
      at->second = std::move(value);
      return;
    }
    entries.emplace(at, key, std::move(value));
    ++size_;
    if (entries.size() > kMaxChunk) Split(c);
  }

  // Returns whether `key` was there.
  bool Erase(const K& key) {
    if (Find(key) == nullptr) return false;
    const size_t c = ChunkFor(key);
    --size_;
    if (chunks_[c]->entries.size() == 1) {
      chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(c));
      return true;
    }
    const auto old = chunks_[c];  // `key` may be one of its
    std::vector<Entry>& entries = Own(c).entries;
    entries.erase(EntryFor(*chunks_[c], key));
    return true;
  }

  // The first value in the order of the keys for which this holds; null if there is none.
  template <typename Holds>
  const V* FindIf(Holds holds) const {
    for (const auto& chunk : chunks_) {
      for (const auto& entry : chunk->entries) {
        if (holds(entry.second)) return &entry.second;
      }
    }
    return nullptr;
  }

  // Calls visit(key, value) for every entry in ascending order of the keys.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& chunk : chunks_) {
      for (const auto& [key, value] : chunk->entries) visit(key, value);
    }
  }

  // Calls visit(key, value) in ascending order for the entries that this map does
  // not share with `before`: all that are new or were set since, and some of
  // their neighbours. Cost: O(their number + size / 64).
  template <typename Visit>
  void ForEachUnshared(const PersistentMap& before, Visit visit) const {
    auto old = before.chunks_.begin();
    for (const auto& chunk : chunks_) {
      // Both are in ascending order, so a shared chunk is where its keys are.
      while (old != before.chunks_.end() && (*old)->entries.back().first < chunk->entries.front().first) ++old;
      if (old != before.chunks_.end() && *old == chunk) continue;
      for (const auto& [key, value] : chunk->entries) visit(key, value);
    }
  }

 private:
  struct Chunk {
    std::vector<Entry> entries;
    std::shared_ptr<const char> mark;  // of the map that made it
  };
  static constexpr size_t kMaxChunk = 128;  // split in halves beyond; small enough to copy

  void swap(PersistentMap& other) noexcept {
    chunks_.swap(other.chunks_);
    std::swap(size_, other.size_);
    mark_.swap(other.mark_);
    const bool copied = copied_;
    copied_ = other.copied_.load();
    other.copied_ = copied;
  }

  size_t ChunkFor(const K& key) const {
    const auto at = std::lower_bound(chunks_.begin(), chunks_.end(), key, [](const auto& chunk, const K& k) {
      return chunk->entries.back().first < k;
    });
    return static_cast<size_t>(at - chunks_.begin());
  }

  static typename std::vector<Entry>::const_iterator EntryFor(const Chunk& chunk, const K& key) {
    return std::lower_bound(chunk.entries.begin(), chunk.entries.end(), key,
                            [](const Entry& entry, const K& k) { return entry.first < k; });
  }

  // Once this was copied, its chunks may be in the copy as well.
  void Renew() {
    if (mark_ == nullptr || copied_) mark_ = std::make_shared<const char>();
    copied_ = false;
  }

  // The chunk, in this map alone.
  Chunk& Own(size_t c) {
    Renew();
    if (chunks_[c]->mark != mark_)
      chunks_[c] = std::make_shared<Chunk>(Chunk{chunks_[c]->entries, mark_});
    return *chunks_[c];
  }

  // REQUIRES: this map owns the chunk.
  void Split(size_t c) {
    std::vector<Entry>& entries = chunks_[c]->entries;
    const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
    auto upper = std::make_shared<Chunk>(
        Chunk{{std::make_move_iterator(middle), std::make_move_iterator(entries.end())}, mark_});
    entries.erase(middle, entries.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(c) + 1, std::move(upper));
  }

  std::vector<std::shared_ptr<Chunk>> chunks_;  // those of another mark are never changed
  size_t size_ = 0;
  std::shared_ptr<const char> mark_;
  mutable std::atomic<bool> copied_ = false;  // since mark_ is what it is
};

}  // namespace muster
