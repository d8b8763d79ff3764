#pragma once

#include <string>
#include <vector>

#include "tecnochat/kafka/record.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// Everything that lies on a topic of the running broker now, read as its administrator, who alone
/// may read what services say to each other. Throws if that takes longer than 30 s.
std::vector<kafka::Record> read_topic(const testkit::Stack& stack, const std::string& topic);

}  // namespace tecnochat::scenarios
