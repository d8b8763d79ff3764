#pragma once

#include <libpq-fe.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stop_signal.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {

struct CloseConnection {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// The names of the statements prepared on one connection, by text; bounded, the longest unused one
/// makes room.
class StatementCache {
 public:
    static constexpr std::size_t kCapacity = 256;

    /// The name, now the most recently used; empty if the text is not prepared.
    const std::string* find(std::string_view text);
    const std::string& insert(std::string_view text);
    void erase_name(std::string_view name);
    /// When full: the name that has to be deallocated before the next insert.
    std::optional<std::string> evict();

 private:
    struct Entry {
        std::string text;
        std::string name;
    };
    std::list<Entry> entries_;  // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;  // keys in entries_
    std::uint64_t next_name_ = 0;
};

/// Where the rows of a queued statement go once all that travelled with it succeeded.
struct Slot {
    std::optional<Rows> rows;
};

struct Connection::Impl {
    std::unique_ptr<PGconn, CloseConnection> handle;  // null once closed
    StatementCache statements;
    std::optional<Deadline> deadline;
    /// What one statement may take when no deadline was set.
    Milliseconds statement_limit{600'000};
    const StopSignal* stop = nullptr;  // the pool's, which outlives its connections
    std::uint64_t round_trips = 0;

    /// The simple protocol, several statements in one text; sends what is queued first.
    Result<ResultHandle> simple(const std::string& sql);
    /// Writes a statement to libpq's buffer, preparing it first where it is new. It travels with
    /// the next flush(), the first parts of a large queue earlier. Trouble is flush()'s to tell.
    void queue(std::string_view sql, const Params& params, std::shared_ptr<Slot> slot = nullptr);
    /// COMMIT, whose failure is also that PostgreSQL rolled back instead.
    void queue_commit();
    /// Sends what is queued and reads all answers: the first failure, after which the server has
    /// skipped the rest, or ok with every slot filled.
    Status flush();
    [[nodiscard]] bool has_queued() const { return !queued_.empty(); }
    /// Of the session as last heard; PQTRANS_UNKNOWN where the connection is gone.
    [[nodiscard]] PGTransactionStatusType transaction_status() const {
        return handle ? PQtransactionStatus(handle.get()) : PQTRANS_UNKNOWN;
    }

 private:
    enum class Kind { kDeallocate, kPrepare, kStatement, kCommit };
    struct Queued {
        Kind kind;
        std::string name;  // of the prepared statement
        std::shared_ptr<Slot> slot;
        ResultHandle result;
    };

    std::string prepared_name(std::string_view sql);
    void queue_stale();
    void enter(bool sent, Queued queued);
    /// Reads the answers to everything in queued_ and to the sync behind it.
    Status read_answers(Deadline until);
    /// One answer to the command at queued_[at].
    void take(std::size_t at, ResultHandle result, std::optional<Error>& failure);
    void settle(bool succeeded);
    Result<ResultHandle> finish_simple(Deadline until);
    Status check_usable(Deadline until);
    Status wait_for_result(Deadline until);
    Error closed(ErrorCode code, const char* message);
    [[nodiscard]] Deadline until() const {
        const auto own = deadline ? *deadline : Deadline::after(statement_limit);
        return stop != nullptr ? stop->bound(own) : own;
    }

    std::vector<Queued> queued_;
    std::vector<std::string> stale_;   // prepared on the server, to be deallocated
    std::vector<const char*> values_;  // of the statement being queued
    std::string text_;                 // the same, where libpq wants a NUL behind it
};

/// connect() whose waits `stop` may cut short; null: nothing does.
Result<std::unique_ptr<Connection>> connect(
    const std::string& conninfo, Deadline deadline, const StopSignal* stop
);

/// connect() with the settings every session has. `statement_timeout` zero: none.
Result<std::unique_ptr<Connection>> open_session(
    const std::string& conninfo,
    Deadline deadline,
    Milliseconds statement_timeout,
    const StopSignal* stop
);

}  // namespace tecnochat::postgres
