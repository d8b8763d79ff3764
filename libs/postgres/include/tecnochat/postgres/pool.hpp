#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/secret.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/postgres/params.hpp"

namespace tecnochat::postgres {

/// One row of a result, as long as its Rows live. Columns go by name, which the statement must give
/// once; each search starts at the column found last, so reading them in the statement's order
/// costs one comparison each. A wrong type, a missing column or an unexpected NULL is a broken
/// invariant of ours (assert).
class Row {
 public:
    [[nodiscard]] bool is_null(std::string_view name) const { return is_null(column(name)); }
    [[nodiscard]] std::string text(std::string_view name) const { return text(column(name)); }
    /// The text in place, without a copy.
    [[nodiscard]] std::string_view view(std::string_view name) const { return view(column(name)); }
    [[nodiscard]] std::int64_t number(std::string_view name) const { return number(column(name)); }
    [[nodiscard]] double real(std::string_view name) const { return real(column(name)); }
    [[nodiscard]] bool flag(std::string_view name) const { return flag(column(name)); }
    [[nodiscard]] Uuid uuid(std::string_view name) const { return uuid(column(name)); }
    template <class Identifier>
    [[nodiscard]] Identifier id(std::string_view name) const {
        return Identifier(uuid(name));
    }
    [[nodiscard]] Timestamp time(std::string_view name) const { return time(column(name)); }
    [[nodiscard]] std::string bytes(std::string_view name) const { return bytes(column(name)); }

    [[nodiscard]] std::optional<std::string> text_or_null(std::string_view name) const {
        return text_or_null(column(name));
    }
    [[nodiscard]] std::optional<std::int64_t> number_or_null(std::string_view name) const;
    [[nodiscard]] std::optional<Uuid> uuid_or_null(std::string_view name) const {
        return uuid_or_null(column(name));
    }
    template <class Identifier>
    [[nodiscard]] std::optional<Identifier> id_or_null(std::string_view name) const {
        const auto found = uuid_or_null(name);
        if (!found) return std::nullopt;
        return Identifier(*found);
    }
    [[nodiscard]] std::optional<Timestamp> time_or_null(std::string_view name) const {
        return time_or_null(column(name));
    }
    [[nodiscard]] std::optional<std::string> bytes_or_null(std::string_view name) const;

    /// A word of a list that may grow: what `parse` (std::string_view -> std::optional<E>) makes of
    /// it. A word it does not know was written by a newer version of the program: kDataLoss with
    /// the reason UNKNOWN_WORD, the fault of the item that the row belongs to.
    template <class Parse>
    [[nodiscard]] auto word(std::string_view name, Parse&& parse) const
        -> Result<typename std::invoke_result_t<Parse, std::string_view>::value_type> {
        auto known = std::invoke(std::forward<Parse>(parse), view(name));
        if (!known) return unknown_word(name);
        return *std::move(known);
    }
    /// The same, and nullopt for NULL.
    template <class Parse>
    [[nodiscard]] auto word_or_null(std::string_view name, Parse&& parse) const
        -> Result<std::invoke_result_t<Parse, std::string_view>> {
        using Known = std::invoke_result_t<Parse, std::string_view>;
        if (is_null(name)) return Known{};
        auto known = std::invoke(std::forward<Parse>(parse), view(name));
        if (!known) return unknown_word(name);
        return known;
    }

    /// The name of the only column there is (assert), for statements that somebody else wrote.
    [[nodiscard]] std::string_view only_column() const;

 private:
    friend class Rows;
    Row(const void* result, int index) : result_(result), index_(index) {}
    [[nodiscard]] int column(std::string_view name) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::string_view view(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] bool flag(int column) const;
    [[nodiscard]] Uuid uuid(int column) const;
    [[nodiscard]] Timestamp time(int column) const;
    [[nodiscard]] std::string bytes(int column) const;
    [[nodiscard]] std::optional<std::string> text_or_null(int column) const;
    [[nodiscard]] std::optional<Uuid> uuid_or_null(int column) const;
    [[nodiscard]] std::optional<Timestamp> time_or_null(int column) const;
    static Error unknown_word(std::string_view name);
    const void* result_;
    int index_;
    mutable int last_ = 0;  // the column found last
};

/// The rows of one statement; movable, owns the PGresult.
class Rows {
 public:
    class Iterator {
     public:
        Iterator(const Rows* rows, int index) : rows_(rows), index_(index) {}
        Row operator*() const { return (*rows_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

     private:
        const Rows* rows_;
        int index_;
    };

    explicit Rows(void* result);  // adopts a PGresult*
    [[nodiscard]] int size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::int64_t affected() const;
    [[nodiscard]] Row operator[](int index) const;
    [[nodiscard]] Iterator begin() const { return {this, 0}; }
    [[nodiscard]] Iterator end() const { return {this, size()}; }

 private:
    struct Clear {
        void operator()(void* result) const noexcept;
    };
    std::unique_ptr<void, Clear> result_;
};

class StopSignal;

/// One connection, used by one thread at a time. Statements are prepared once per connection and
/// text, and preparing travels with the first use. SQLSTATE -> code: 08*, 57P0*, 53* kUnavailable
/// (connection is dropped); 40001, 40P01, 55P03 kAborted; 57014 kDeadlineExceeded; 23505
/// kAlreadyExists, other 23* kFailedPrecondition (reason = constraint name); 22* kInvalidArgument;
/// 42501 kPermissionDenied; else kInternal. The SQLSTATE is Error.reason unless a constraint name
/// is.
class Connection {
 public:
    ~Connection();
    Result<Rows> execute(std::string_view sql, const Params& params = {});
    /// Several statements in one string, no parameters; for migrations.
    Status execute_script(const std::string& sql);
    /// COMMIT; kInternal where PostgreSQL rolled back instead, because a statement had failed.
    Status commit();
    /// Open, between transactions, and not hung up on by the server; costs one poll(2).
    [[nodiscard]] bool healthy() const;
    /// Every later statement ends by then: kDeadlineExceeded, and the connection is closed, for its
    /// protocol state is unknown. Without one the statement timeout of the connection counts.
    void set_deadline(std::optional<Deadline> deadline);
    /// How often it waited for the server since it was opened; for tests and measuring.
    [[nodiscard]] std::uint64_t round_trips() const;
    /// What one statement may take where no deadline is set; 10 minutes unless told.
    void set_statement_limit(Milliseconds limit);

 private:
    friend class Pool;
    friend class Transaction;
    friend Result<std::unique_ptr<Connection>> connect(
        const std::string& conninfo, Deadline deadline, const StopSignal* stop
    );
    struct Impl;
    explicit Connection(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Opens one connection outside any pool. kFailedPrecondition for a server on another machine
/// without sslmode=verify-full.
Result<std::unique_ptr<Connection>> connect(const std::string& conninfo, Deadline deadline);

/// A bounded pool; acquire() waits for a free one or opens up to `size`. Thread-safe. Broken
/// connections are thrown away and opened anew.
class Pool {
 public:
    struct Config {
        Secret url;
        int size = 8;
        Milliseconds connect_timeout{3000};
        Milliseconds statement_timeout{10'000};
    };
    class Lease {
     public:
        Lease(Pool* pool, std::unique_ptr<Connection> connection);
        ~Lease();
        Lease(Lease&&) noexcept;
        Lease& operator=(Lease&&) = delete;
        Connection& operator*() const { return *connection_; }
        Connection* operator->() const { return connection_.get(); }

     private:
        Pool* pool_;
        std::unique_ptr<Connection> connection_;
    };

    /// Throws std::runtime_error for a server on another machine without sslmode=verify-full.
    explicit Pool(Config config);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// kUnavailable when the server is away, kResourceExhausted when none came free in time.
    Result<Lease> acquire(Deadline deadline);
    /// The process is shutting down: from now on no wait of acquire() or of any connection, lent
    /// ones included, lasts beyond `deadline`; what waits then ends with kDeadlineExceeded (opening
    /// a connection: kUnavailable). The first call counts. Does not wait.
    void stop(Deadline deadline);
    /// Cheap probe for readiness: SELECT 1 within 1 s.
    [[nodiscard]] bool reachable();

 private:
    friend class Lease;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::postgres
