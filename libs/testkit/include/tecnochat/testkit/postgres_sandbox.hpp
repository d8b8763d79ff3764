#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tecnochat/core/secret.hpp"

namespace tecnochat::postgres {
class Connection;
}

namespace tecnochat::testkit {

/// A service's database for one test, made by the service's own migrations and dropped with the
/// object, on the server that TECNOCHAT_TEST_POSTGRES_URL (a superuser's URL) names; throws a clear
/// error where that is not set. Tables belong to `<service>_owner`; the service sees them as in
/// production: through row-level security, with the rights its migrations grant. Not thread-safe.
class PostgresSandbox {
 public:
    /// `service` is the login the migrations grant to, e.g. "whatsapp-connector".
    PostgresSandbox(const std::string& service, const std::filesystem::path& migrations);
    ~PostgresSandbox();
    PostgresSandbox(const PostgresSandbox&) = delete;
    PostgresSandbox& operator=(const PostgresSandbox&) = delete;

    /// For the service's pool: the superuser's login with the service's role taken on at once, for
    /// the dev stack lets no other login in by password; row-level security and rights follow the
    /// role.
    [[nodiscard]] Secret service_url() const;

    /// Run as the superuser, who sees every tenant; throw if the SQL fails.
    void run(const std::string& sql);
    /// The first column of the first row as text, empty where there is none.
    std::string query(const std::string& sql);

    /// The database goes away as a dying server does: its connections end, new ones are refused.
    void go_away();
    void come_back();

 private:
    void connect_admin();

    std::string server_;
    std::string service_;
    std::string name_;
    std::unique_ptr<postgres::Connection> admin_;
};

}  // namespace tecnochat::testkit
