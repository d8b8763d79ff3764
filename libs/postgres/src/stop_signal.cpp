#include "stop_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace tecnochat::postgres {

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

StopSignal::~StopSignal() {
    close(descriptor_);
}

void StopSignal::set(Deadline deadline) {
    auto never = Moment::max().time_since_epoch().count();
    if (!when_.compare_exchange_strong(never, deadline.time_point().time_since_epoch().count())) {
        return;
    }
    [[maybe_unused]] const int written = eventfd_write(descriptor_, 1);  // cannot be full
}

bool StopSignal::is_set() const {
    return when_.load() != Moment::max().time_since_epoch().count();
}

Deadline StopSignal::bound(Deadline deadline) const {
    const Moment stop{Moment::duration(when_.load())};
    return Deadline::at(std::min(stop, deadline.time_point()));
}

}  // namespace tecnochat::postgres
