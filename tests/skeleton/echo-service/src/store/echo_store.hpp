#pragma once

#include <set>
#include <span>
#include <vector>

#include "domain/echo.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::echo_service {

/// Stores those that are not there yet, and tells their ids.
Result<std::set<EchoId>> insert_new(
    postgres::Transaction& transaction, std::span<const Echo* const> echoes
);

class EchoStore {
 public:
    explicit EchoStore(postgres::Pool& pool) : pool_(pool) {}

    /// kNotFound (ECHO_NOT_FOUND) where the tenant has none of that id.
    Result<Echo> get(const TenantId& tenant, const EchoId& id, Deadline deadline);
    /// Everybody who has ever said something; empty where the database is away.
    std::vector<TenantId> tenants();

 private:
    postgres::Pool& pool_;
};

}  // namespace tecnochat::echo_service
