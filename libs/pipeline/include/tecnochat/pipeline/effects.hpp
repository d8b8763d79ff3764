#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::pipeline {

/// What a transaction did that shows outside once it has committed. Work that was rolled back takes
/// its effects with it.
struct Effects {
    outbox::Appended events;
    /// Items that changed nothing, by reason: a static token. Counted by topic and reason in
    /// tecnochat_pipeline_dropped_total.
    std::map<std::string_view, std::int64_t> dropped;
    /// In the order they were added.
    std::vector<std::function<void()>> acts;

    void drop(std::string_view reason, std::int64_t by = 1) { dropped[reason] += by; }
    /// For metrics and wake-ups: runs once, after the commit. Must neither fail nor block.
    void after_commit(std::function<void()> act) { acts.push_back(std::move(act)); }
    void merge(Effects other);
};

}  // namespace tecnochat::pipeline
