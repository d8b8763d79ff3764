#pragma once

#include <memory>
#include <string>

#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::postgres {
class Connection;
}  // namespace tecnochat::postgres

namespace tecnochat::scenarios {

/// As if another replica of the service had its outbox to sweep and did not get on: nobody sweeps
/// until this goes. Tells what leaves right after its commit from what is swept.
class StuckSweep {
 public:
    StuckSweep(const testkit::Stack& stack, const std::string& service);
    ~StuckSweep();
    StuckSweep(const StuckSweep&) = delete;
    StuckSweep& operator=(const StuckSweep&) = delete;

 private:
    std::unique_ptr<postgres::Connection> connection_;  // its end gives the lock back
};

}  // namespace tecnochat::scenarios
