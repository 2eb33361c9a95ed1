// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace muster {

// An ordered map whose copies share what they have in common.
//
// Why:       a cluster view is immutable once published, and the next one
//            differs by a few entries. Copying a map costs one pointer per 64
//            entries, changing an entry copies the chunk that it is in.
// Invariant: chunks are non-empty and ascending, and so are the entries within.
// Threads:   thread-compatible; copies may be used by different threads.
template <typename K, typename V>
class PersistentMap {
 public:
  using Entry = std::pair<K, V>;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The value under `key`; null if there is none. Valid until this map changes.
  const V* Find(const K& key) const {
    const size_t c = ChunkFor(key);
    if (c == chunks_.size()) return nullptr;
    const auto at = EntryFor(*chunks_[c], key);
    return at != chunks_[c]->end() && at->first == key ? &at->second : nullptr;
  }

  void Set(const K& key, V value) {
    if (chunks_.empty()) {
      chunks_.push_back(std::make_shared<const Chunk>(Chunk{{key, std::move(value)}}));
      size_ = 1;
      return;
    }
    // A key above all others belongs at the end of the last chunk.
    const size_t c = std::min(ChunkFor(key), chunks_.size() - 1);
    auto next = std::make_shared<Chunk>(*chunks_[c]);
    const auto at = next->begin() + (EntryFor(*next, key) - next->begin());
    if (at != next->end() && at->first == key) {
      at->second = std::move(value);
    } else {
      next->emplace(at, key, std::move(value));
      ++size_;
    }
    Install(c, std::move(next));
  }

  // Returns whether `key` was there.
  bool Erase(const K& key) {
    if (Find(key) == nullptr) return false;
    const size_t c = ChunkFor(key);
    --size_;
    if (chunks_[c]->size() == 1) {
      chunks_.erase(chunks_.begin() + c);
      return true;
    }
    auto next = std::make_shared<Chunk>(*chunks_[c]);
    next->erase(next->begin() + (EntryFor(*next, key) - next->begin()));
    chunks_[c] = std::move(next);
    return true;
  }

  // The first value in the order of the keys for which this holds; null if there is none.
  template <typename Holds>
  const V* FindIf(Holds holds) const {
    for (const auto& chunk : chunks_) {
      for (const auto& entry : *chunk) {
        if (holds(entry.second)) return &entry.second;
      }
    }
    return nullptr;
  }

  // Calls visit(key, value) for every entry in ascending order of the keys.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& chunk : chunks_) {
      for (const auto& [key, value] : *chunk) visit(key, value);
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
      while (old != before.chunks_.end() && (*old)->back().first < chunk->front().first) ++old;
      if (old != before.chunks_.end() && *old == chunk) continue;
      for (const auto& [key, value] : *chunk) visit(key, value);
    }
  }

 private:
  using Chunk = std::vector<Entry>;
  static constexpr size_t kMaxChunk = 128;  // split in halves beyond; small enough to copy per change

  size_t ChunkFor(const K& key) const {
    const auto at = std::lower_bound(chunks_.begin(), chunks_.end(), key,
                                     [](const auto& chunk, const K& k) { return chunk->back().first < k; });
    return static_cast<size_t>(at - chunks_.begin());
  }

  static typename Chunk::const_iterator EntryFor(const Chunk& chunk, const K& key) {
    return std::lower_bound(chunk.begin(), chunk.end(), key,
                            [](const Entry& entry, const K& k) { return entry.first < k; });
  }

  void Install(size_t c, std::shared_ptr<Chunk> chunk) {
    if (chunk->size() > kMaxChunk) {
      const auto middle = chunk->begin() + static_cast<std::ptrdiff_t>(chunk->size() / 2);
      auto upper = std::make_shared<const Chunk>(middle, chunk->end());
      chunk->erase(middle, chunk->end());
      chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(c) + 1, std::move(upper));
    }
    chunks_[c] = std::move(chunk);
  }

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  size_t size_ = 0;
};

}  // namespace muster
