#pragma once

#include <libpq-fe.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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
    void erase(std::string_view text);
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

struct Connection::Impl {
    std::unique_ptr<PGconn, CloseConnection> handle;  // null once closed
    StatementCache statements;
    std::optional<Deadline> deadline;
    /// What one statement may take when no deadline was set.
    Milliseconds statement_limit{600'000};

    Result<ResultHandle> simple(const std::string& sql);
    Result<Rows> prepared(std::string_view sql, const std::vector<const char*>& values);

 private:
    Result<std::string> prepare(std::string_view sql, Deadline until);
    /// Flushes what was sent and reads up to the end of the statement: its failure, or the last
    /// result.
    Result<ResultHandle> finish(bool sent, Deadline until);
    Status wait_for_result(Deadline until);
    Error closed(ErrorCode code, const char* message);
    [[nodiscard]] Deadline until() const {
        return deadline ? *deadline : Deadline::after(statement_limit);
    }
};

/// connect() with the settings every session has. `statement_timeout` zero: none.
Result<std::unique_ptr<Connection>> open_session(
    const std::string& conninfo, Deadline deadline, Milliseconds statement_timeout
);

}  // namespace tecnochat::postgres
