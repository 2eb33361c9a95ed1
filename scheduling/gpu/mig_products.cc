// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_products.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

// The profiles of GPUs with 7 compute and 8 memory slices are the same but for
// their names.
struct SevenSlices {
  absl::string_view geometry;
  absl::string_view g1, g1_double, g2, g3, g4, g7;  // what each role is called
};

// Source: NVIDIA MIG User Guide, tables of supported profiles, and mig-parted's
// default configuration (August 2026).
constexpr std::array kSevenSlices = {
    SevenSlices{"A100-40GB", "1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"},
    SevenSlices{"A100-80GB", "1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"},
    SevenSlices{"H100-80GB", "1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"},
    SevenSlices{"H100-94GB", "1g.12gb", "1g.24gb", "2g.24gb", "3g.47gb", "4g.47gb", "7g.94gb"},
    SevenSlices{"H100-96GB", "1g.12gb", "1g.24gb", "2g.24gb", "3g.48gb", "4g.48gb", "7g.96gb"},
    SevenSlices{"H200-141GB", "1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"},
    SevenSlices{"GH200-144GB", "1g.18gb", "1g.36gb", "2g.36gb", "3g.72gb", "4g.72gb", "7g.144gb"},
    SevenSlices{"B200-180GB", "1g.23gb", "1g.45gb", "2g.45gb", "3g.90gb", "4g.90gb", "7g.180gb"},
    SevenSlices{"GB200-186GB", "1g.23gb", "1g.47gb", "2g.47gb", "3g.93gb", "4g.93gb", "7g.186gb"},
    SevenSlices{"B300-269GB", "1g.34gb", "1g.67gb", "2g.67gb", "3g.135gb", "4g.135gb", "7g.269gb"},
    SevenSlices{"GB300-278GB", "1g.35gb", "1g.70gb", "2g.70gb", "3g.139gb", "4g.139gb", "7g.278gb"},
};

MigGeometry::Rule Rule(absl::string_view name, int id, int compute, int size, std::vector<int> starts,
                       bool once = false, int engines = 0) {
  MigGeometry::Rule rule;
  rule.profile = {.name = std::string(name), .id = id, .compute = compute, .size = size};
  rule.starts = std::move(starts);
  rule.once = once;
  rule.engines = engines;
  return rule;
}

// Source: nvidia-smi mig -lgipp, alike on A100 40 GB (MIG User Guide), A100 80
// GB, H100 80 GB and H100 NVL. For the H200 and Blackwell the guide gives the
// same fractions and counts, and NVIDIA's DRA driver half of the slices to
// 3g.90gb of a B200.
MigGeometry MakeSevenSlices(const SevenSlices& names) {
  return MigGeometry(std::string(names.geometry), 8, 0,
                     {
                         Rule(names.g1, 19, 1, 1, {0, 1, 2, 3, 4, 5, 6}),
                         Rule(absl::StrCat(names.g1, "+me"), 20, 1, 1, {0, 1, 2, 3, 4, 5, 6}, true),
                         Rule(names.g1_double, 15, 1, 2, {0, 2, 4, 6}),
                         Rule(names.g2, 14, 2, 2, {0, 2, 4}),
                         Rule(names.g3, 9, 3, 4, {0, 4}),
                         Rule(names.g4, 5, 4, 4, {0}),
                         Rule(names.g7, 0, 7, 8, {0}),
                     });
}

// Source: nvidia-smi mig -lgipp on an A30; the driver counts each +me profile by itself.
MigGeometry MakeA30() {
  return MigGeometry("A30-24GB", 4, 0,
                     {
                         Rule("1g.6gb", 14, 1, 1, {0, 1, 2, 3}),
                         Rule("1g.6gb+me", 21, 1, 1, {0, 1, 2, 3}, true),
                         Rule("2g.12gb", 5, 2, 2, {0, 2}),
                         Rule("2g.12gb+me", 6, 2, 2, {0, 2}, true),
                         Rule("4g.24gb", 0, 4, 4, {0}),
                     });
}

// Source: nvidia-smi mig -lgipp on an RTX PRO 6000 Blackwell. Its instances
// have media engines of their own, one of four for each compute slice; those with +me.all
// have all four, those with -me none (MIG User Guide).
MigGeometry MakeRtxPro6000() {
  const std::vector<int> quarters = {0, 3, 6, 9};
  const std::vector<int> halves = {0, 6};
  return MigGeometry("RTX-PRO-6000-96GB", 12, 4,
                     {
                         Rule("1g.24gb", 14, 1, 3, quarters, false, 1),
                         Rule("1g.24gb+me", 21, 1, 3, quarters, true, 1),
                         Rule("1g.24gb+gfx", 47, 1, 3, quarters, false, 1),
                         Rule("1g.24gb-me", -1, 1, 3, quarters),
                         Rule("1g.24gb+me.all", -1, 1, 3, quarters, true, 4),
                         Rule("2g.48gb", 5, 2, 6, halves, false, 2),
                         Rule("2g.48gb+gfx", 35, 2, 6, halves, false, 2),
                         Rule("2g.48gb-me", -1, 2, 6, halves),
                         Rule("2g.48gb+me.all", -1, 2, 6, halves, true, 4),
                         Rule("4g.96gb", 0, 4, 12, {0}, false, 4),
                         Rule("4g.96gb+gfx", 32, 4, 12, {0}, false, 4),
                     });
}

// Which GPUs have which geometry: all words of `words` are in the name, and the
// memory lies between the two numbers of GiB (MiB of label and driver differ by
// a few percent, as some is reserved).
struct Product {
  absl::string_view words;
  int64_t from_gib;
  int64_t to_gib;
  absl::string_view geometry;
};

// The first row that matches counts. Source: names that the NVIDIA driver
// reports; memory as above.
constexpr std::array kProducts = {
    Product{"A100", 36, 44, "A100-40GB"},
    Product{"A100", 72, 84, "A100-80GB"},
    Product{"A800", 36, 44, "A100-40GB"},
    Product{"A800", 72, 84, "A100-80GB"},
    Product{"H100", 72, 84, "H100-80GB"},
    Product{"H100", 90, 94, "H100-94GB"},
    Product{"H100", 95, 98, "H100-96GB"},
    Product{"H800", 72, 84, "H100-80GB"},
    Product{"H800", 90, 94, "H100-94GB"},
    Product{"H20", 92, 98, "H100-96GB"},
    Product{"GH200", 90, 98, "H100-96GB"},
    Product{"GH200", 136, 148, "GH200-144GB"},
    Product{"H200", 132, 148, "H200-141GB"},
    Product{"GB200", 178, 194, "GB200-186GB"},
    Product{"B200", 170, 194, "B200-180GB"},
    Product{"GB300", 260, 290, "GB300-278GB"},
    Product{"B300", 255, 290, "B300-269GB"},
    Product{"A30", 22, 25, "A30-24GB"},
    Product{"RTX PRO 6000", 92, 98, "RTX-PRO-6000-96GB"},
};

// Names that say how much memory there is, though not in a number of GB or not
// that of the GPU (480 GB are the memory of a Grace CPU).
struct Implied {
  absl::string_view words;
  int64_t gib;
};
constexpr std::array kImplied = {
    Implied{"GH200 480GB", 96}, Implied{"H100 NVL", 94},   Implied{"H100 PCIE", 80},
    Implied{"H800 PCIE", 80},   Implied{"TESLA A100", 40}, Implied{"H20 3E", 141},
};

using Words = std::vector<std::string>;

Words WordsOf(absl::string_view product) {
  return absl::StrSplit(absl::AsciiStrToUpper(absl::StrReplaceAll(product, {{"-", " "}, {"_", " "}})), ' ',
                        absl::SkipEmpty());
}

bool HasAll(const Words& name, absl::string_view wanted) {
  const std::vector<absl::string_view> words = absl::StrSplit(wanted, ' ');
  return std::all_of(words.begin(), words.end(), [&name](absl::string_view word) {
    return std::find(name.begin(), name.end(), word) != name.end();
  });
}

// The GiB that the name says; 0 if it says nothing.
int64_t StatedGib(const Words& name) {
  for (const Implied& implied : kImplied) {
    if (HasAll(name, implied.words)) return implied.gib;
  }
  for (absl::string_view word : name) {
    int64_t gib = 0;
    if (!absl::ConsumeSuffix(&word, "GB") && !absl::ConsumeSuffix(&word, "G")) continue;
    if (absl::SimpleAtoi(word, &gib)) return gib;
  }
  return 0;
}

// The geometry of the rows of the product's name for `gib`; for 0 that of all
// rows if it is one.
const MigGeometry* Matching(const Words& name, int64_t gib) {
  absl::string_view found;
  for (const Product& product : kProducts) {
    if (!HasAll(name, product.words)) continue;
    if (gib != 0 && (gib < product.from_gib || gib > product.to_gib)) continue;
    if (!found.empty() && found != product.geometry) return nullptr;
    found = product.geometry;
  }
  return found.empty() ? nullptr : FindMigGeometry(found);
}

}  // namespace

absl::Span<const MigGeometry> MigGeometries() {
  static const std::vector<MigGeometry>& geometries = *[] {
    auto* all = new std::vector<MigGeometry>();
    for (const SevenSlices& names : kSevenSlices) all->push_back(MakeSevenSlices(names));
    all->push_back(MakeA30());
    all->push_back(MakeRtxPro6000());
    return all;
  }();
  return geometries;
}

const MigGeometry* FindMigGeometry(absl::string_view name) {
  for (const MigGeometry& geometry : MigGeometries()) {
    if (geometry.name() == name) return &geometry;
  }
  return nullptr;
}

const MigGeometry* MigGeometryOf(absl::string_view product, int64_t memory_mib) {
  const Words name = WordsOf(product);
  const int64_t stated = StatedGib(name);
  const MigGeometry* by_name = Matching(name, stated);
  if (memory_mib == 0) return by_name;
  // Rounded up: some memory is always reserved.
  const MigGeometry* by_memory = Matching(name, (memory_mib + 1023) / 1024);
  return stated == 0 || by_name == by_memory ? by_memory : nullptr;
}

bool IsGpuProduct(absl::string_view product, absl::string_view words) {
  const Words name = WordsOf(product);
  const Words wanted = WordsOf(words);
  return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&name](const std::string& word) {
    return std::find(name.begin(), name.end(), word) != name.end();
  });
}

int64_t StatedGpuMemoryMib(absl::string_view product) {
  // The number means GB: what the driver reports lies between that and as many GiB.
  constexpr int64_t kBytesPerGb = 1'000'000'000;
  return StatedGib(WordsOf(product)) * kBytesPerGb / (1 << 20);
}

}  // namespace muster
