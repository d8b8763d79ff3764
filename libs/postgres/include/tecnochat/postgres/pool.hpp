#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/secret.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::postgres {

/// Parameters of one statement, $1… in the order added. Everything is sent in text form; arrays
/// become PostgreSQL array literals for `unnest($1::uuid[], …)`. A NUL inside a text, which
/// PostgreSQL cannot store, becomes U+FFFD: customers can write one, and it must not cut the text.
class Params {
 public:
    Params& add(std::string_view text);
    Params& add(const char* text) { return add(std::string_view(text)); }
    Params& add(const std::string& text) { return add(std::string_view(text)); }
    Params& add(std::int64_t number);
    Params& add(int number) { return add(static_cast<std::int64_t>(number)); }
    Params& add(bool flag);
    Params& add(double number);
    Params& add(const Uuid& uuid);
    template <class Tag>
    Params& add(const Id<Tag>& id) {
        return add(id.uuid());
    }
    Params& add(Timestamp time);                // timestamptz
    Params& add_bytes(std::string_view bytes);  // bytea
    Params& add_null();
    template <class T>
    Params& add(const std::optional<T>& value) {
        return value ? add(*value) : add_null();
    }

    Params& add_array(std::span<const std::string> texts);
    Params& add_array(std::span<const std::optional<std::string>> texts);
    Params& add_array(std::span<const std::int64_t> numbers);
    Params& add_array(std::span<const Uuid> uuids);
    Params& add_array(std::span<const std::optional<Uuid>> uuids);
    Params& add_array(std::span<const Timestamp> times);
    Params& add_array(std::span<const std::optional<Timestamp>> times);
    Params& add_bytes_array(std::span<const std::string> values);  // bytea[]
    Params& add_array(const std::vector<bool>& flags);

    [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
    friend class Connection;
    std::vector<std::optional<std::string>> values_;
};

/// One row of a result; columns by position. A wrong type or an unexpected NULL is a broken
/// invariant of ours (assert).
class Row {
 public:
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] bool flag(int column) const;
    [[nodiscard]] Uuid uuid(int column) const;
    [[nodiscard]] Timestamp time(int column) const;
    [[nodiscard]] std::string bytes(int column) const;
    [[nodiscard]] std::optional<std::string> text_or_null(int column) const;
    [[nodiscard]] std::optional<Uuid> uuid_or_null(int column) const;
    [[nodiscard]] std::optional<Timestamp> time_or_null(int column) const;

 private:
    friend class Rows;
    Row(const void* result, int index) : result_(result), index_(index) {}
    const void* result_;
    int index_;
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

/// One connection, used by one thread at a time. Statements are prepared once per connection and
/// text. SQLSTATE -> code: 08*, 57P0*, 53* kUnavailable (connection is dropped); 40001, 40P01,
/// 55P03 kAborted; 57014 kDeadlineExceeded; 23505 kAlreadyExists, other 23* kFailedPrecondition
/// (reason = constraint name); 22* kInvalidArgument; 42501 kPermissionDenied; else kInternal. The
/// SQLSTATE is Error.reason unless a constraint name is.
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
    /// What one statement may take where no deadline is set; 10 minutes unless told.
    void set_statement_limit(Milliseconds limit);

 private:
    friend class Pool;
    friend Result<std::unique_ptr<Connection>> connect(
        const std::string& conninfo, Deadline deadline
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
    /// Cheap probe for readiness: SELECT 1 within 1 s.
    [[nodiscard]] bool reachable();

 private:
    friend class Lease;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::postgres
