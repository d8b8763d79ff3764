#include "support/stuck_sweep.hpp"

#include <stdexcept>

#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::scenarios {

StuckSweep::StuckSweep(const testkit::Stack& stack, const std::string& service) {
    auto opened =
        postgres::connect(stack.database_url(service), Deadline::after(Milliseconds(10'000)));
    if (!opened) throw std::runtime_error("database of " + service + ": " + opened.error().message);
    connection_ = std::move(opened).value();
    const auto locked = connection_->execute(
        "SELECT pg_advisory_lock($1)", postgres::Params().add(outbox::kSweepLock)
    );
    if (!locked) throw std::runtime_error("the sweep's lock: " + locked.error().message);
}

StuckSweep::~StuckSweep() = default;

}  // namespace tecnochat::scenarios
