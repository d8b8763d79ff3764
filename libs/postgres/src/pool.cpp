#include "tecnochat/postgres/pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "connection.hpp"
#include "transport.hpp"

namespace tecnochat::postgres {

struct Pool::Impl {
    explicit Impl(Config c) : config(std::move(c)) {}

    const Config config;
    StopSignal stop;  // before the connections, which look at it
    std::mutex mutex;
    std::condition_variable freed;
    std::vector<std::unique_ptr<Connection>> idle;  // the most recently used last
    int open = 0;                                   // idle, lent or being opened
    /// Apart from the pool: readiness must tell "away" from "all busy".
    std::mutex probe_mutex;
    std::unique_ptr<Connection> probe;

    Result<std::unique_ptr<Connection>> open_one(Deadline deadline) const {
        const auto limit = std::min(deadline.remaining(), config.connect_timeout);
        return open_session(
            config.url.reveal(), Deadline::after(limit), config.statement_timeout, &stop
        );
    }

    [[nodiscard]] bool has_room() const { return !idle.empty() || open < config.size; }

    /// Until there is room, `deadline` or the end of the pool.
    Status wait_for_room(std::unique_lock<std::mutex>& lock, Deadline deadline) {
        for (;;) {
            const bool stopping = stop.is_set();
            const auto limit = stop.bound(deadline);
            if (stopping && limit.expired()) break;
            const bool changed = freed.wait_until(lock, limit.time_point(), [&] {
                return has_room() || stop.is_set() != stopping;
            });
            if (has_room()) return ok();
            if (!changed && !stopping) {
                return make_error(
                    ErrorCode::kResourceExhausted, "no database connection came free in time"
                );
            }
        }
        return make_error(ErrorCode::kDeadlineExceeded, "the database connections are closing");
    }

    void forget_one() {
        {
            std::scoped_lock lock(mutex);
            --open;
        }
        freed.notify_one();
    }

    void give_back(std::unique_ptr<Connection> connection) {
        if (!connection->healthy()) return forget_one();
        connection->set_deadline(std::nullopt);
        {
            std::scoped_lock lock(mutex);
            idle.push_back(std::move(connection));
        }
        freed.notify_one();
    }
};

Pool::Pool(Config config) : impl_(std::make_unique<Impl>(std::move(config))) {
    TECNOCHAT_ASSERT(impl_->config.size > 0, "a pool needs room for a connection");
    const auto transport = check_transport(impl_->config.url.reveal());
    if (!transport) throw std::runtime_error(transport.error().message);
}

Pool::~Pool() = default;

Result<Pool::Lease> Pool::acquire(Deadline deadline) {
    std::unique_lock lock(impl_->mutex);
    for (;;) {
        TECNOCHAT_CHECK(impl_->wait_for_room(lock, deadline));
        if (impl_->idle.empty()) break;
        auto connection = std::move(impl_->idle.back());
        impl_->idle.pop_back();
        if (connection->healthy()) return Lease(this, std::move(connection));
        --impl_->open;  // the server hung up while it was idle
    }
    ++impl_->open;
    lock.unlock();
    auto opened = impl_->open_one(deadline);
    if (!opened) {
        impl_->forget_one();
        return std::move(opened).error();
    }
    return Lease(this, std::move(opened).value());
}

void Pool::stop(Deadline deadline) {
    {
        std::scoped_lock lock(impl_->mutex);
        impl_->stop.set(deadline);
    }
    impl_->freed.notify_all();
}

bool Pool::reachable() {
    std::scoped_lock lock(impl_->probe_mutex);
    const auto deadline = Deadline::after(Milliseconds(1000));
    if (!impl_->probe || !impl_->probe->healthy()) {
        auto opened = impl_->open_one(deadline);
        if (!opened) return false;
        impl_->probe = std::move(opened).value();
    }
    impl_->probe->set_deadline(deadline);
    return impl_->probe->execute_script("SELECT 1").has_value();
}

Pool::Lease::Lease(Pool* pool, std::unique_ptr<Connection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

Pool::Lease::Lease(Lease&&) noexcept = default;

Pool::Lease::~Lease() {
    if (connection_) pool_->impl_->give_back(std::move(connection_));
}

}  // namespace tecnochat::postgres
