#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tecnochat/channels/directory.hpp"
#include "tecnochat/channels/store.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"

namespace tecnochat::channels::testing {

inline Deadline soon() {
    return Deadline::after(Milliseconds(10'000));
}

inline TenantId some_tenant() {
    return TenantId::generate(SystemClock().now());
}

/// Advisory locks are per database, which tests share: no two use one number.
inline std::string some_number() {
    return Uuid::v7(SystemClock().now()).to_string();
}

inline Channel channel(
    const std::string& number,
    const TenantId& tenant,
    std::int64_t epoch,
    State state = State::kConnected
) {
    return {number, tenant, "waba", "+57 1", state, epoch};
}

/// Table channels as the fragment makes it, and transactions on it.
struct Table {
    postgres::testing::Sandbox sandbox;
    postgres::Pool pool{{sandbox.service_url(), 6, Milliseconds(3000), Milliseconds(10'000)}};
    telemetry::Metrics metrics;
    Directory directory{pool, metrics};
    TenantId tenant = some_tenant();
    TenantId other = some_tenant();
    std::string number = some_number();

    postgres::Transaction begin() {
        auto transaction = postgres::Transaction::begin(pool, kNoTenants, soon());
        REQUIRE(transaction);
        return std::move(transaction).value();
    }
    /// A transaction that gives up at once where it would have to wait for a lock.
    postgres::Transaction begin_impatient() {
        auto transaction = begin();
        REQUIRE(transaction.execute("SET LOCAL lock_timeout = '1ms'"));
        return transaction;
    }
    void store(const Channel& stored) {
        auto transaction = begin();
        REQUIRE(upsert(transaction, std::array{stored}));
        REQUIRE(transaction.commit());
    }
    std::int64_t stored_epoch(const std::string& of) {
        return sandbox.count(
            "SELECT coalesce(max(epoch), 0) FROM channels WHERE phone_number_id = '" + of + "'"
        );
    }
    Status confirm_one(postgres::Transaction& transaction, const TenantId& of) {
        return confirm(transaction, directory, std::array{Claim{number, of}});
    }
    /// True while anybody waits for a lock of this transaction.
    bool blocks_somebody(int backend) {
        return sandbox.count(
                   "SELECT count(*) FROM pg_stat_activity WHERE " + std::to_string(backend) +
                   " = ANY(pg_blocking_pids(pid))"
               ) > 0;
    }
    static int backend_of(postgres::Transaction& transaction) {
        auto rows = transaction.execute("SELECT pg_backend_pid()");
        REQUIRE(rows);
        return static_cast<int>((*rows)[0].number("pg_backend_pid"));
    }
};

inline Entries find(Directory& directory, const std::vector<std::string>& numbers) {
    auto found = directory.find(numbers, soon());
    REQUIRE(found);
    return std::move(found).value();
}

/// 0 where the number is unknown.
inline std::int64_t epoch_of(Directory& directory, const std::string& number) {
    const auto found = find(directory, {number});
    const auto it = found.find(number);
    return it == found.end() ? 0 : it->second.value().epoch;
}

}  // namespace tecnochat::channels::testing
