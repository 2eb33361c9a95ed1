// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/points.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

void DropDuplicates(Points& points) {
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
}

template <typename IsNeedless>
void Keep(Points& points, IsNeedless is_needless) {
  DropDuplicates(points);
  Points kept;
  for (size_t p = 0; p < points.size(); ++p) {
    bool needless = false;
    for (size_t q = 0; q < points.size() && !needless; ++q)
      needless = p != q && is_needless(points[p], points[q]);
    if (!needless) kept.push_back(points[p]);
  }
  points = std::move(kept);
}

}  // namespace

bool Covers(const Point& a, const Point& b) {
  for (size_t k = 0; k < a.size(); ++k) {
    if (a[k] < b[k]) return false;
  }
  return true;
}

bool AnyCovers(const Points& points, const Point& b) {
  return std::any_of(points.begin(), points.end(), [&](const Point& a) { return Covers(a, b); });
}

void KeepMaximal(Points& points) {
  Keep(points, [](const Point& point, const Point& other) { return Covers(other, point); });
}

void KeepMinimal(Points& points) {
  Keep(points, [](const Point& point, const Point& other) { return Covers(point, other); });
}

bool AddAll(const Points& a, const Points& b, Points& sums) {
  sums.clear();
  if (a.size() * b.size() > kMostPoints * 16) return false;
  sums.reserve(a.size() * b.size());
  for (const Point& x : a) {
    for (const Point& y : b) {
      Point& sum = sums.emplace_back(x);
      for (size_t k = 0; k < sum.size(); ++k) sum[k] += y[k];
    }
  }
  DropDuplicates(sums);
  return sums.size() <= kMostPoints;
}

bool Divisions(int32_t count, uint32_t kinds, size_t length, Points& divisions) {
  divisions = {Point(length, 0)};
  std::vector<size_t> own;
  for (size_t k = 0; k < length; ++k) {
    if ((kinds >> k & 1) != 0) own.push_back(k);
  }
  if (own.empty()) return true;
  // All but the last kind get any number; the last one gets the rest.
  std::vector<std::pair<Point, int32_t>> partial = {{Point(length, 0), count}};
  for (size_t i = 0; i + 1 < own.size(); ++i) {
    std::vector<std::pair<Point, int32_t>> next;
    for (const auto& [point, rest] : partial) {
      for (int32_t n = 0; n <= rest; ++n) {
        next.emplace_back(point, rest - n).first[own[i]] = n;
        if (next.size() > kMostPoints) return false;
      }
    }
    partial = std::move(next);
  }
  divisions.clear();
  for (auto& [point, rest] : partial) {
    point[own.back()] = rest;
    divisions.push_back(std::move(point));
  }
  return true;
}

}  // namespace muster
