#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::kafka::testing {

/// What lies on a topic of a mock cluster, from its beginning, once at least `count` records do and
/// the end is reached; what there is, where that is not so by the deadline.
std::vector<Record> read_topic(
    const std::string& mock_bootstrap,
    std::string_view topic,
    std::size_t count = 0,
    Deadline deadline = Deadline::after(Milliseconds(30'000))
);

}  // namespace tecnochat::kafka::testing
