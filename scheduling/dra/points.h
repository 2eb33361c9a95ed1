// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster {

// How many of each kind: what a set of devices can serve at once, or what is
// asked of it. All points of one computation have the same length.
using Point = std::vector<int32_t>;
using Points = std::vector<Point>;

inline constexpr size_t kMostPoints = 2048;

// Whether `a` has at least as many of each kind as `b`.
bool Covers(const Point& a, const Point& b);
// Whether one of the points covers `b`.
bool AnyCovers(const Points& points, const Point& b);

// Drops points that another one covers, and those that cover another one.
// Both leave the points in ascending order, none twice.
void KeepMaximal(Points& points);
void KeepMinimal(Points& points);

// All sums of one point of each. False, and `sums` unset, if they are more than kMostPoints.
bool AddAll(const Points& a, const Points& b, Points& sums);

// The ways to divide `count` among the kinds whose bits are set in `kinds`, of
// `length` kinds. False if they are more than kMostPoints.
bool Divisions(int32_t count, uint32_t kinds, size_t length, Points& divisions);

}  // namespace muster
