#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace tecnochat::testkit {

/// Tests wait for conditions, never for time: polls `holds` every 20 ms until it is true or `limit`
/// has passed; returns whether it was.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds);

}  // namespace tecnochat::testkit
