#include "tecnochat/testkit/postgres_sandbox.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "tecnochat/postgres/migrations.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::testkit {
namespace {

constexpr const char* kVariable = "TECNOCHAT_TEST_POSTGRES_URL";
constexpr Milliseconds kConnectTime{10'000};

// Roles belong to the server, not to a database: tests that run side by side share them, and on the
// dev stack's server they are there already.
constexpr const char* kMakeRole = R"sql(
    DO $$
    BEGIN
        CREATE ROLE "{}" NOLOGIN;
    EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
)sql";

template <class T>
T or_throw(Result<T> result) {
    if (!result) throw std::runtime_error("sandbox: " + result.error().message);
    return std::move(result).value();
}

std::unique_ptr<postgres::Connection> open(const std::string& conninfo) {
    return or_throw(postgres::connect(conninfo, Deadline::after(kConnectTime)));
}

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

/// The variable's URL as keywords: more of them may be appended, and the last one wins.
std::string server_conninfo() {
    const char* url = std::getenv(kVariable);
    if (url == nullptr || *url == '\0') {
        throw std::runtime_error(
            fmt::format("{} is not set: run this through ./tecnochat test component", kVariable)
        );
    }
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url, nullptr), &PQconninfoFree
    );
    if (!options) throw std::runtime_error(fmt::format("{} is not a PostgreSQL URL", kVariable));
    std::string text;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        text += fmt::format("{}='{}' ", option->keyword, escaped(option->val));
    }
    return text;
}

std::string owner_of(const std::string& service) {
    std::string owner = service + "_owner";
    std::replace(owner.begin(), owner.end(), '-', '_');
    return owner;
}

std::string unique_name() {
    std::string id = Uuid::v7(SystemClock().now()).to_string();
    std::erase(id, '-');
    return "test_" + id;
}

std::string as_role(const std::string& conninfo, const std::string& role) {
    return fmt::format("{} options='-c role={}'", conninfo, role);
}

}  // namespace

PostgresSandbox::PostgresSandbox(
    const std::string& service, const std::filesystem::path& migrations
)
    : server_(server_conninfo()), service_(service), name_(unique_name()) {
    const auto owner = owner_of(service);
    const auto server = open(server_);
    for (const auto& role : {owner, service})
        or_throw(server->execute_script(fmt::format(fmt::runtime(kMakeRole), role)));
    or_throw(server->execute(fmt::format("CREATE DATABASE {} OWNER \"{}\"", name_, owner)));
    connect_admin();
    or_throw(postgres::migrate(as_role(server_ + "dbname=" + name_, owner), migrations));
}

PostgresSandbox::~PostgresSandbox() {
    admin_.reset();
    const auto server = postgres::connect(server_, Deadline::after(kConnectTime));
    if (!server) return;  // the test took the server away; nothing is left to clean
    [[maybe_unused]] const auto dropped =
        (*server)->execute(fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
}

Secret PostgresSandbox::service_url() const {
    return Secret(as_role(server_ + "dbname=" + name_, service_));
}

void PostgresSandbox::run(const std::string& sql) {
    or_throw(admin_->execute_script(sql));
}

std::string PostgresSandbox::query(const std::string& sql) {
    const auto rows = or_throw(admin_->execute(sql));
    return rows.empty() ? "" : rows[0].text_or_null(0).value_or("");
}

void PostgresSandbox::go_away() {
    admin_.reset();
    const auto server = open(server_);
    or_throw(server->execute(fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", name_)));
    // The second argument waits for each to be gone, so that tests need not.
    or_throw(server->execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
        postgres::Params().add(name_)
    ));
}

void PostgresSandbox::come_back() {
    const auto server = open(server_);
    or_throw(server->execute(fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", name_)));
    connect_admin();
}

void PostgresSandbox::connect_admin() {
    admin_ = open(server_ + "dbname=" + name_);
}

}  // namespace tecnochat::testkit
