#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace tecnochat::testkit {

/// Tests wait for conditions, never for time: polls `holds` every 20 ms until it is true or `limit`
/// has passed; returns whether it was.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds);

/// For scenarios with a tempo of their own ("20 messages in 2 s"): returns at `next` and moves it
/// on by `interval`.
void keep_pace(std::chrono::steady_clock::time_point& next, std::chrono::milliseconds interval);

}  // namespace tecnochat::testkit
