// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <type_traits>
#include <utility>

#include "server/kube/cluster_watch.h"
#include "server/kube/reflector.h"
#include "server/objects/api_object.h"

// How ClusterWatch follows the objects of one kind; for its own sources.
namespace muster::kube {

// Removes what is in `before` and was not listed again.
template <typename Map, typename Names, typename Remove>
void RemoveUnlisted(const Map& before, const Names& listed, Remove remove) {
  before.ForEach([&](const typename Names::key_type& key, const auto&) {
    if (!listed.contains(key)) remove(key);
  });
}

// A list is taken into the view as it comes: what it says is newer than what was
// known, and what it does not name stays until it is complete.
template <typename Names, typename Apply>
void ClusterWatch::Follow(Kind kind, Apply apply, std::function<void(const Names&)> keep) {
  // What reads any object may get it as protobuf.
  constexpr bool kAnyForm = std::is_invocable_v<Apply, bool, const ApiObject&, Names&>;
  Reflector::Options options;
  options.first_pause = options_.first_pause;
  options.longest_pause = options_.longest_pause;
  options.missing_pause = options_.missing_pause;
  options.optional = kind.optional;
  options.form = kAnyForm ? Form::kProtobufOrJson : Form::kJson;
  options.seed = options_.seed + static_cast<uint32_t>(reflectors_.size());
  struct List {
    bool open = false;
    Names names;
  };
  const auto list = std::make_shared<List>();
  Reflector::Handler handler;
  handler.list_begins = [list] { *list = {true, {}}; };
  handler.apply = [this, list, apply = std::move(apply)](bool deleted, const ApiObject& object) {
    Names others;
    Names& names = list->open ? list->names : others;
    if constexpr (kAnyForm) {
      apply(deleted, object, names);
    } else {
      apply(deleted, *object.json(), names);
    }
    if (!list->open) PublishSoon();
  };
  handler.list_ended = [this, list, keep = std::move(keep)] {
    keep(list->names);
    *list = {};
    PublishSoon();
  };
  reflectors_.push_back(
      std::make_unique<Reflector>(transport_, std::move(kind.paths), std::move(handler), options));
  reflectors_.back()->Start();
}

}  // namespace muster::kube
