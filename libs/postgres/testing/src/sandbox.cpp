#include "tecnochat/postgres/testing/sandbox.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace tecnochat::postgres::testing {
namespace {

constexpr Milliseconds kConnectTime{10'000};

std::string server_url() {
    const char* url = std::getenv("TECNOCHAT_TEST_POSTGRES_URL");
    if (url == nullptr || *url == '\0') {
        throw std::runtime_error(
            "TECNOCHAT_TEST_POSTGRES_URL is not set: this test needs a PostgreSQL superuser's URL; "
            "./tecnochat test provides one"
        );
    }
    return url;
}

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

/// The same server with another database. With a role, which is taken on at once (row-level
/// security and rights follow it): the dev stack lets only the superuser in by password.
std::string conninfo(
    const std::string& url, const std::string& database, const std::string& role = {}
) {
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree
    );
    if (!options) throw std::runtime_error("TECNOCHAT_TEST_POSTGRES_URL is not a PostgreSQL URL");
    std::string text = fmt::format("dbname='{}'", database);
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        if (option->val == nullptr || keyword == "dbname") continue;
        text += fmt::format(" {}='{}'", keyword, escaped(option->val));
    }
    // The name under which the sandbox finds these connections again.
    if (!role.empty()) text += fmt::format(" options='-c role={0}' application_name='{0}'", role);
    return text;
}

template <class T>
T or_throw(Result<T> result) {
    if (!result) throw std::runtime_error("sandbox: " + result.error().message);
    return std::move(result).value();
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

/// The block that services carry, as libs/postgres/README.md shows it.
std::string canonical_sql(const std::string& owner, const std::string& login) {
    std::ifstream file(TECNOCHAT_POSTGRES_README);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto begin = text.find("```sql\n");
    const auto end = text.find("```\n", begin + 7);
    if (begin == std::string::npos || end == std::string::npos) {
        throw std::runtime_error("libs/postgres/README.md has no sql block");
    }
    std::string sql = text.substr(begin + 7, end - begin - 7);
    replace_all(sql, "message_router_owner", owner);
    replace_all(sql, "\"message-router\"", login);
    return sql;
}

}  // namespace

Sandbox::Sandbox() : server_(server_url()) {
    std::string id = Uuid::v7(SystemClock().now()).to_string();
    std::erase(id, '-');
    database_ = "test_" + id;
    owner_ = database_ + "_owner";
    login_ = database_ + "_service";
    auto server = or_throw(connect(server_, Deadline::after(kConnectTime)));
    or_throw(server->execute(fmt::format("CREATE ROLE {} NOLOGIN", owner_)));
    or_throw(server->execute(fmt::format("CREATE ROLE {} NOLOGIN", login_)));
    or_throw(server->execute(fmt::format("CREATE DATABASE {} OWNER {}", database_, owner_)));
    admin_ = or_throw(connect(admin_url().reveal(), Deadline::after(kConnectTime)));
    run(canonical_sql(owner_, login_));
}

Sandbox::~Sandbox() {
    admin_.reset();
    auto server = connect(server_, Deadline::after(kConnectTime));
    if (!server) return;  // the test took the server away; nothing is left to clean
    for (const auto& sql :
         {fmt::format("DROP DATABASE {} WITH (FORCE)", database_),
          fmt::format("DROP ROLE {}", login_),
          fmt::format("DROP ROLE {}", owner_)}) {
        [[maybe_unused]] const auto dropped = (*server)->execute(sql);
    }
}

Secret Sandbox::service_url() const {
    return Secret(conninfo(server_, database_, login_));
}

Secret Sandbox::admin_url() const {
    return Secret(conninfo(server_, database_));
}

void Sandbox::run(const std::string& sql) {
    or_throw(admin_->execute_script(sql));
}

std::string Sandbox::query(const std::string& sql) {
    return or_throw(admin_->execute(sql))[0].text(0);
}

void Sandbox::terminate_service_connections() {
    // Waits for each to be gone (PostgreSQL 14's second argument), so tests need not.
    or_throw(admin_->execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1",
        Params().add(login_)
    ));
}

}  // namespace tecnochat::postgres::testing
