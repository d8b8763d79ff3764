#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/result.hpp"

namespace tecnochat::provision {

/// One topic as deploy/topics.yaml describes it, defaults filled in.
struct Topic {
    std::string name;
    int partitions = 0;
    int replication = 0;
    /// Kafka's own names: retention.ms, segment.ms, cleanup.policy, max.message.bytes.
    std::map<std::string, std::string> config;
    std::vector<std::string> producers;
    std::vector<std::string> consumers;
};

/// Parses and checks the list of topics. kInvalidArgument with "<origin>:<line>: <what>" for
/// whatever is unknown, missing, double or out of range; nothing is guessed or skipped.
///
/// Checked beyond the form: content lives at most 24 h on disk (retention + segment, deleted, never
/// compacted; the erasure certificate states that date), and only writers may declassify.
Result<std::vector<Topic>> parse_topics(const std::string& text, std::string_view origin);

}  // namespace tecnochat::provision
