// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "scheduling/capacity/prices.h"

namespace muster {

// Adds the prices in a text, in one of the forms of OpenCost: its CSV (header
// EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,
// MarketPriceHourly,Version), or an object of rates as in its default.json.
// `name` is the text's in messages.
//
// In a CSV, rows of nodes price the node whose field is as they say; one with an
// instance type prices other nodes of that type and region as well. Rows of GPUs
// price each GPU of nodes with that label. Rows of volumes (pv) are skipped.
//   kInvalidArgument  names the text, the line and the field: a wrong header, a
//                     row of another length, a price that is none or negative
//
// Source: github.com/opencost/opencost v1.117 configs/pricing_schema.csv,
//         configs/default.json, pkg/cloud/provider/csvprovider.go.
absl::Status AddPrices(const std::string& name, const std::string& text, Prices& prices);

// The prices in files, and those of the table beside them. kNotFound where a file
// can't be read.
absl::StatusOr<Prices> LoadPrices(absl::Span<const std::string> files, absl::Span<const NodePrice> table);

}  // namespace muster
