#pragma once

#include <memory>
#include <string>

#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres::testing {

/// A database of its own for one test, dropped with it, on the server that
/// TECNOCHAT_TEST_POSTGRES_URL (a superuser's URL) names; throws a clear error where that is not
/// set. Like a real one it has an owner role and a login role without ownership, and the inbox and
/// outbox of libs/postgres/README.md.
class Sandbox {
 public:
    Sandbox();
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    /// As the service: its role, so that row-level security applies.
    [[nodiscard]] Secret service_url() const;
    /// As the superuser, for looking at everything and creating tables.
    [[nodiscard]] Secret admin_url() const;
    [[nodiscard]] const std::string& owner() const { return owner_; }
    [[nodiscard]] const std::string& login() const { return login_; }

    /// Runs SQL as the superuser in the sandbox; throws if it fails.
    void run(const std::string& sql);
    /// The first column of the first row as text; throws if it fails.
    std::string query(const std::string& sql);
    /// Ends every connection of the service's login, as a dying server would.
    void terminate_service_connections();

 private:
    std::string server_;
    std::string database_;
    std::string owner_;
    std::string login_;
    std::unique_ptr<Connection> admin_;
};

}  // namespace tecnochat::postgres::testing
