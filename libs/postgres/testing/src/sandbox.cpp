#include "tecnochat/postgres/testing/sandbox.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <stdexcept>

#include "tecnochat/core/environment.hpp"
#include "tecnochat/postgres/migrations.hpp"

namespace tecnochat::postgres::testing {
namespace {

constexpr const char* kVariable = "TECNOCHAT_TEST_POSTGRES_URL";
constexpr Milliseconds kConnectTime{10'000};

template <class T>
T or_throw(Result<T> result) {
    if (!result) throw std::runtime_error("sandbox: " + result.error().message);
    return std::move(result).value();
}

std::unique_ptr<Connection> open(const std::string& conninfo) {
    return or_throw(connect(conninfo, Deadline::after(kConnectTime)));
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
    const auto url = environment_variable(kVariable);
    if (!url) {
        throw std::runtime_error(fmt::format(
            "{} is not set: this test needs a PostgreSQL superuser's URL; ./tecnochat test "
            "component provides one",
            kVariable
        ));
    }
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url->c_str(), nullptr), &PQconninfoFree
    );
    if (!options) throw std::runtime_error(fmt::format("{} is not a PostgreSQL URL", kVariable));
    std::string text;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        text += fmt::format("{}='{}' ", option->keyword, escaped(option->val));
    }
    return text;
}

std::string with_underscores(std::string service) {
    std::replace(service.begin(), service.end(), '-', '_');
    return service;
}

std::string owner_of(const std::string& service) {
    return with_underscores(service) + "_owner";
}

std::string database_of(const std::string& service) {
    return "test_" + with_underscores(service);
}

std::string unique_name() {
    std::string id = Uuid::v7(SystemClock().now()).to_string();
    std::erase(id, '-');
    return "test_" + id;
}

/// A session in the sandbox's schema; with a role, that role's from the start: row-level security
/// and rights follow it.
std::string session(
    const std::string& service, const std::string& schema, const std::string& role = {}
) {
    return fmt::format(
        "{} dbname='{}' options='-c search_path={}{}'",
        server_conninfo(),
        database_of(service),
        schema,
        role.empty() ? "" : " -c role=" + role
    );
}

/// Roles and the database are shared by tests that run side by side, and some are there already:
/// whoever comes first makes what is missing.
void prepare_server(const std::string& service) {
    const auto server = open(server_conninfo());
    const auto database = database_of(service);
    or_throw(server->execute(
        "SELECT pg_advisory_lock(hashtext('sandboxes of ' || $1))", Params().add(service)
    ));
    for (const auto& role : {owner_of(service), service}) {
        const auto there =
            or_throw(server->execute("SELECT FROM pg_roles WHERE rolname = $1", Params().add(role))
            );
        if (there.empty()) or_throw(server->execute(fmt::format("CREATE ROLE \"{}\"", role)));
    }
    const auto there = or_throw(
        server->execute("SELECT FROM pg_database WHERE datname = $1", Params().add(database))
    );
    if (there.empty()) or_throw(server->execute("CREATE DATABASE " + database));
}

/// What a service's migration says about the tables of the libraries.
constexpr std::string_view kTables = R"sql(
-- include: pipeline_policy
-- include: inbox
-- include: outbox
-- include: channels
SELECT pg_temp.pipeline_policy('inbox', 'outbox');
GRANT SELECT, INSERT, DELETE ON inbox, outbox TO "message-router";
GRANT SELECT, INSERT, UPDATE ON channels TO "message-router";
)sql";

}  // namespace

Sandbox::Sandbox(std::string service) : service_(std::move(service)), name_(unique_name()) {
    prepare_server(service_);
    admin_ = open(session(service_, name_));
    // Deleted in the destructor, where the schema's own grants go first.
    run(fmt::format("CREATE ROLE {} IN ROLE {}", name_, role()));
    run(fmt::format("CREATE SCHEMA {} AUTHORIZATION {}", name_, owner_of(service_)));
    run(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", name_, role()));
}

Sandbox::Sandbox() : Sandbox("message-router") {
    const auto owner = open(session(service_, name_, owner_of(service_)));
    or_throw(owner->execute_script(or_throw(expand_fragments(kTables))));
}

Sandbox::Sandbox(std::string service, const std::filesystem::path& migrations)
    : Sandbox(std::move(service)) {
    or_throw(migrate(session(service_, name_, owner_of(service_)), migrations));
}

Sandbox::~Sandbox() {
    // Where the test took the server away, nothing is left to clean.
    [[maybe_unused]] const auto schema =
        admin_->execute_script(fmt::format("DROP SCHEMA {} CASCADE", name_));
    [[maybe_unused]] const auto role = admin_->execute_script("DROP ROLE " + name_);
}

Secret Sandbox::service_url() const {
    return Secret(session(service_, name_, name_) + fmt::format(" application_name={}", name_));
}

Secret Sandbox::admin_url() const {
    return Secret(session(service_, name_));
}

void Sandbox::run(const std::string& sql) {
    or_throw(admin_->execute_script(sql));
}

std::string Sandbox::query(const std::string& sql) {
    const auto rows = or_throw(admin_->execute(sql));
    return rows.empty() ? "" : rows[0].text_or_null(rows[0].only_column()).value_or("");
}

void Sandbox::terminate_service_connections() {
    // The second argument waits for each to be gone, so that tests need not.
    or_throw(admin_->execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1",
        Params().add(name_)
    ));
}

void Sandbox::go_away() {
    // Without its role no new session of the service starts.
    run(fmt::format("ALTER ROLE {0} RENAME TO {0}_away", name_));
    terminate_service_connections();
}

void Sandbox::come_back() {
    run(fmt::format("ALTER ROLE {0}_away RENAME TO {0}", name_));
}

}  // namespace tecnochat::postgres::testing
