#include "connection.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "errors.hpp"
#include "transport.hpp"

namespace tecnochat::postgres {
namespace {

/// Grace between the server's statement_timeout and ours: the server's own answer is the better
/// one.
constexpr Milliseconds kStatementGrace{2000};

enum class Wait { kReady, kExpired };

/// `stop` may cut the wait short at any moment; null: nothing does.
Wait wait_for_socket(int socket, short events, Deadline deadline, const StopSignal* stop) {
    for (;;) {
        std::array<pollfd, 2> descriptors{{{socket, events, 0}, {-1, POLLIN, 0}}};
        auto limit = deadline;
        if (stop != nullptr) {
            // Once set it stays readable, and would make poll() return at once.
            if (!stop->is_set()) descriptors[1].fd = stop->descriptor();
            limit = stop->bound(deadline);
        }
        const auto left = limit.remaining();
        if (left.count() == 0) return Wait::kExpired;
        // One millisecond more: poll() rounds down, and would spin in the last one.
        const auto timeout =
            std::min<Milliseconds::rep>(left.count() + 1, std::numeric_limits<int>::max());
        const int ready = poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout));
        if (descriptors[0].revents != 0) return Wait::kReady;
        if (ready < 0 && errno != EINTR) return Wait::kReady;  // libpq will name the failure
    }
}

Error unavailable() {
    return make_error(ErrorCode::kUnavailable, "PostgreSQL does not answer");
}

Result<std::unique_ptr<PGconn, CloseConnection>> dial(
    const std::string& conninfo, Deadline deadline, const StopSignal* stop
) {
    const std::array<const char*, 6> keywords{
        "dbname",
        "client_encoding",
        "fallback_application_name",
        "keepalives",
        "tcp_user_timeout",
        nullptr
    };
    const std::array<const char*, 6> values{
        conninfo.c_str(), "UTF8", program_invocation_short_name, "1", "15000", nullptr
    };
    std::unique_ptr<PGconn, CloseConnection> handle(
        PQconnectStartParams(keywords.data(), values.data(), 1)
    );
    if (!handle || PQstatus(handle.get()) == CONNECTION_BAD) return unavailable();
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED) return unavailable();
        const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (wait_for_socket(PQsocket(handle.get()), events, deadline, stop) == Wait::kExpired) {
            return unavailable();
        }
        next = PQconnectPoll(handle.get());
    }
    PQsetnonblocking(handle.get(), 1);
    // Notices may quote data, and would go to stderr as they are.
    PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);
    return handle;
}

}  // namespace

const std::string* StatementCache::find(std::string_view text) {
    const auto found = by_text_.find(text);
    if (found == by_text_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->name;
}

const std::string& StatementCache::insert(std::string_view text) {
    entries_.push_front({std::string(text), fmt::format("s{}", next_name_++)});
    by_text_.emplace(entries_.front().text, entries_.begin());
    return entries_.front().name;
}

void StatementCache::erase_name(std::string_view name) {
    const auto entry = std::ranges::find(entries_, name, &Entry::name);
    if (entry == entries_.end()) return;
    by_text_.erase(entry->text);
    entries_.erase(entry);
}

std::optional<std::string> StatementCache::evict() {
    if (entries_.size() < kCapacity) return std::nullopt;
    std::string name = entries_.back().name;
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
    return name;
}

Error Connection::Impl::closed(ErrorCode code, const char* message) {
    handle.reset();
    return make_error(code, message);
}

Status Connection::Impl::wait_for_result(Deadline until) {
    for (;;) {
        const int flushing = PQflush(handle.get());
        if (flushing < 0) return closed(ErrorCode::kUnavailable, "PostgreSQL hung up");
        if (flushing == 0 && PQisBusy(handle.get()) == 0) return ok();
        const short events = flushing == 1 ? POLLIN | POLLOUT : POLLIN;
        if (wait_for_socket(PQsocket(handle.get()), events, until, stop) == Wait::kExpired) {
            return closed(ErrorCode::kDeadlineExceeded, "PostgreSQL did not answer in time");
        }
        // On failure PQgetResult still hands over the server's final error (57P01, …).
        if (PQconsumeInput(handle.get()) == 0) return ok();
    }
}

Status Connection::Impl::check_usable(Deadline until) {
    if (!handle) return make_error(ErrorCode::kUnavailable, "the connection is closed");
    if (until.expired()) {
        return closed(ErrorCode::kDeadlineExceeded, "no time left for a statement");
    }
    return ok();
}

Result<ResultHandle> Connection::Impl::finish_simple(Deadline until) {
    ResultHandle last;
    std::optional<Error> failure;
    for (;;) {
        TECNOCHAT_CHECK(wait_for_result(until));
        ResultHandle result(PQgetResult(handle.get()));
        if (!result) break;
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            if (!failure) failure = error_of(result.get());
            // A broken connection gives the same failure again and again.
            if (PQstatus(handle.get()) == CONNECTION_BAD) break;
        }
        last = std::move(result);
    }
    if (PQstatus(handle.get()) == CONNECTION_BAD ||
        (failure && failure->code == ErrorCode::kUnavailable)) {
        handle.reset();
        if (!failure) return make_error(ErrorCode::kUnavailable, "PostgreSQL hung up");
        failure->code = ErrorCode::kUnavailable;
    }
    if (failure) return *std::move(failure);
    TECNOCHAT_ASSERT(last != nullptr, "a statement without a result");
    return last;
}

Result<ResultHandle> Connection::Impl::simple(const std::string& sql) {
    if (has_queued()) TECNOCHAT_CHECK(flush());
    const Deadline limit = until();
    TECNOCHAT_CHECK(check_usable(limit));
    ++round_trips;
    if (PQsendQuery(handle.get(), sql.c_str()) != 1) {
        return closed(ErrorCode::kUnavailable, "PostgreSQL hung up");
    }
    return finish_simple(limit);
}

void Connection::Impl::enter(bool sent, Queued queued) {
    if (sent) {
        queued_.push_back(std::move(queued));
    } else {
        handle.reset();  // flush() tells
    }
}

void Connection::Impl::queue_stale() {
    // In a failed transaction nothing but its end would be heard.
    if (transaction_status() == PQTRANS_INERROR) return;
    for (auto& name : std::exchange(stale_, {})) {
        if (!handle) return;
        const std::string sql = "DEALLOCATE " + name;
        const bool sent = PQsendQueryParams(
                              handle.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0
                          ) == 1;
        enter(sent, {Kind::kDeallocate, std::move(name), nullptr, nullptr});
    }
}

std::string Connection::Impl::prepared_name(std::string_view sql) {
    if (const std::string* name = statements.find(sql)) return *name;
    if (auto evicted = statements.evict()) stale_.push_back(*std::move(evicted));
    queue_stale();
    std::string name = statements.insert(sql);
    if (!handle) return name;
    text_ = sql;
    const bool sent = PQsendPrepare(handle.get(), name.c_str(), text_.c_str(), 0, nullptr) == 1;
    enter(sent, {Kind::kPrepare, name, nullptr, nullptr});
    return name;
}

void Connection::Impl::queue(
    std::string_view sql, const Params& params, std::shared_ptr<Slot> slot
) {
    if (!handle) return;
    if (PQpipelineStatus(handle.get()) == PQ_PIPELINE_OFF &&
        PQenterPipelineMode(handle.get()) != 1) {
        handle.reset();
        return;
    }
    std::string name = prepared_name(sql);
    if (!handle) return;
    params.point_to(values_);
    const bool sent = PQsendQueryPrepared(
                          handle.get(),
                          name.c_str(),
                          static_cast<int>(values_.size()),
                          values_.data(),
                          nullptr,
                          nullptr,
                          0
                      ) == 1;
    enter(sent, {Kind::kStatement, std::move(name), std::move(slot), nullptr});
}

void Connection::Impl::queue_commit() {
    queue("COMMIT", Params());
    if (handle) queued_.back().kind = Kind::kCommit;
}

void Connection::Impl::take(std::size_t at, ResultHandle result, std::optional<Error>& failure) {
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_ABORTED) return;
    const bool has_place = at < queued_.size();
    if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE) {
        if (!has_place) return;
        if (queued_[at].kind == Kind::kCommit &&
            std::string_view(PQcmdStatus(result.get())) != "COMMIT" && !failure) {
            failure = make_error(
                ErrorCode::kInternal, "a transaction with a failed statement cannot commit", "25P02"
            );
        }
        queued_[at].result = std::move(result);
        return;
    }
    auto error = error_of(result.get());
    if (has_place && queued_[at].kind != Kind::kPrepare && error.reason == "0A000") {
        // "cached plan must not change result type": a migration went by; prepare anew next time.
        statements.erase_name(queued_[at].name);
        stale_.push_back(queued_[at].name);
    }
    if (!failure) failure = std::move(error);
}

Status Connection::Impl::read_answers(Deadline until) {
    std::optional<Error> failure;
    for (std::size_t at = 0;;) {
        TECNOCHAT_CHECK(wait_for_result(until));
        ResultHandle result(PQgetResult(handle.get()));
        const bool synced = result && PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC;
        if (synced) break;
        if (result) {
            take(at, std::move(result), failure);
        } else {
            ++at;
        }
        if (PQstatus(handle.get()) == CONNECTION_BAD) break;
        // The sync may have a failure of its own, no more.
        if (at > queued_.size() + 1) {
            return closed(ErrorCode::kUnavailable, "PostgreSQL is out of step");
        }
    }
    if (PQstatus(handle.get()) == CONNECTION_BAD ||
        (failure && failure->code == ErrorCode::kUnavailable)) {
        handle.reset();
        if (!failure) return make_error(ErrorCode::kUnavailable, "PostgreSQL hung up");
        failure->code = ErrorCode::kUnavailable;
    }
    if (failure) return *std::move(failure);
    return ok();
}

void Connection::Impl::settle(bool succeeded) {
    for (auto& queued : queued_) {
        if (queued.slot && succeeded) {
            queued.slot->rows.emplace(queued.result.release());
        } else if (queued.kind == Kind::kPrepare && !queued.result) {
            statements.erase_name(queued.name);
        } else if (queued.kind == Kind::kDeallocate && !queued.result) {
            stale_.push_back(std::move(queued.name));
        }
    }
    queued_.clear();
}

Status Connection::Impl::flush() {
    const Deadline limit = until();
    Status status = check_usable(limit);
    if (status && !queued_.empty()) {
        ++round_trips;
        if (PQpipelineSync(handle.get()) == 1) {
            status = read_answers(limit);
        } else {
            status = closed(ErrorCode::kUnavailable, "PostgreSQL hung up");
        }
    }
    settle(status.has_value());
    // Off between flushes: scripts and healthy() know nothing of pipelines.
    if (handle && PQpipelineStatus(handle.get()) != PQ_PIPELINE_OFF &&
        PQexitPipelineMode(handle.get()) != 1) {
        return closed(ErrorCode::kUnavailable, "PostgreSQL is out of step");
    }
    return status;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Result<Rows> Connection::execute(std::string_view sql, const Params& params) {
    const auto slot = std::make_shared<Slot>();  // owned by this call and the queue
    impl_->queue(sql, params, slot);
    TECNOCHAT_CHECK(impl_->flush());
    auto& rows = slot->rows;
    TECNOCHAT_ASSERT(rows.has_value(), "a flush that succeeded fills every slot");
    return *std::move(rows);
}

Status Connection::execute_script(const std::string& sql) {
    TECNOCHAT_CHECK(impl_->simple(sql));
    return ok();
}

Status Connection::commit() {
    impl_->queue_commit();
    return impl_->flush();
}

std::uint64_t Connection::round_trips() const {
    return impl_->round_trips;
}

void Connection::set_deadline(std::optional<Deadline> deadline) {
    impl_->deadline = deadline;
}

void Connection::set_statement_limit(Milliseconds limit) {
    impl_->statement_limit = limit;
}

bool Connection::healthy() const {
    PGconn* handle = impl_->handle.get();
    if (handle == nullptr || impl_->has_queued() || PQstatus(handle) != CONNECTION_OK ||
        PQtransactionStatus(handle) != PQTRANS_IDLE) {
        return false;
    }
    // An idle session has nothing to say: what is there to read tells of its end.
    pollfd descriptor{PQsocket(handle), POLLIN, 0};
    return poll(&descriptor, 1, 0) == 0;
}

Result<std::unique_ptr<Connection>> connect(const std::string& conninfo, Deadline deadline) {
    return connect(conninfo, deadline, nullptr);
}

Result<std::unique_ptr<Connection>> connect(
    const std::string& conninfo, Deadline deadline, const StopSignal* stop
) {
    TECNOCHAT_CHECK(check_transport(conninfo));
    TECNOCHAT_TRY(auto handle, dial(conninfo, deadline, stop));
    auto impl = std::make_unique<Connection::Impl>();
    impl->handle = std::move(handle);
    impl->stop = stop;
    impl->deadline = deadline;
    // Rows parses these forms; a role's or database's own settings must not change them.
    TECNOCHAT_CHECK(
        impl->simple("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'; "
                     "SET standard_conforming_strings = on; SET client_min_messages = warning")
    );
    impl->deadline.reset();
    return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Result<std::unique_ptr<Connection>> open_session(
    const std::string& conninfo,
    Deadline deadline,
    Milliseconds statement_timeout,
    const StopSignal* stop
) {
    TECNOCHAT_TRY(auto connection, connect(conninfo, deadline, stop));
    connection->set_deadline(deadline);
    // Services find rows by key. A table that has filled since its last ANALYZE, above all one that
    // was empty then, makes the planner read all of it instead, until autovacuum comes by. So a
    // plan never depends on the values, and planning anew for each call (which the server prefers
    // for arrays shorter than the ten elements it assumes) costs as much as the statement. Nor is
    // any statement of a service long enough for compiling it to pay.
    TECNOCHAT_CHECK(connection->execute_script(fmt::format(
        "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '60s'; "
        "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off",
        statement_timeout.count()
    )));
    // From here on a hung server is noticed on our side.
    connection->set_deadline(std::nullopt);
    connection->set_statement_limit(statement_timeout + kStatementGrace);
    return connection;
}

}  // namespace tecnochat::postgres
