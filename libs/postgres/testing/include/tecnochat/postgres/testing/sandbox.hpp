#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres::testing {

/// A service's tables for one test, dropped with the object, on the server that
/// TECNOCHAT_TEST_POSTGRES_URL (a superuser's URL) names; throws a clear error where that is not
/// set. They lie in a schema of their own, in a database `test_<service>` that tests share and
/// nobody drops: making and dropping a database costs seconds of fsync. Rights are as in
/// production: tables belong to `<service>_owner`, the service sees them through row-level security
/// and with what its migrations grant. Not thread-safe.
class Sandbox {
 public:
    /// Only the tables of the fragments (inbox, outbox, channels), for "message-router".
    Sandbox();
    /// `service` is the login that the migrations grant to, e.g. "whatsapp-connector".
    Sandbox(std::string service, const std::filesystem::path& migrations);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    /// For the service's pool: the superuser's login that takes on the service's rights at once,
    /// for the dev stack lets no other login in by password.
    [[nodiscard]] Secret service_url() const;
    /// As the superuser, for looking at everything and creating tables.
    [[nodiscard]] Secret admin_url() const;
    /// Of its tables.
    [[nodiscard]] const std::string& schema() const { return name_; }
    /// The service's role as SQL writes it.
    [[nodiscard]] std::string role() const { return '"' + service_ + '"'; }

    /// Run as the superuser, who sees every tenant; throw if the SQL fails.
    void run(const std::string& sql);
    /// The first column of the first row as text, empty where there is none.
    std::string query(const std::string& sql);
    std::int64_t count(const std::string& sql) { return std::stoll(query(sql)); }

    /// Ends every connection of the service, as a dying server would, and waits for their end.
    void terminate_service_connections();
    /// The same, and new connections are refused until come_back().
    void go_away();
    void come_back();

 private:
    explicit Sandbox(std::string service);

    std::string service_;
    std::string name_;  // of the schema, of the service's role in this test, of its connections
    std::unique_ptr<Connection> admin_;
};

}  // namespace tecnochat::postgres::testing
