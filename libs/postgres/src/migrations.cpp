#include "tecnochat/postgres/migrations.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>

#include "fragments.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {
namespace {

constexpr Milliseconds kConnectTime{10'000};
constexpr Milliseconds kLockTime{120'000};

struct Migration {
    std::string name;  // "0001_inbox_outbox"
    std::string sql;
    std::string sha256;
};

Error refused(std::string message) {
    return make_error(ErrorCode::kFailedPrecondition, std::move(message));
}

std::string sha256_hex(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    TECNOCHAT_ASSERT(
        EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
        "SHA-256 failed"
    );
    std::string hex;
    for (unsigned int i = 0; i < size; ++i)
        fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
    return hex;
}

Result<int> version_of(const std::string& stem) {
    int version = 0;
    const auto [end, failure] = std::from_chars(stem.data(), stem.data() + stem.size(), version);
    if (failure != std::errc{} || end != stem.data() + 4 || *end != '_' || version < 1) {
        return refused(fmt::format("'{}.sql' is not called NNNN_name.sql", stem));
    }
    return version;
}

/// The files by version, 1… without a gap.
Result<std::map<int, Migration>> read_migrations(const std::filesystem::path& directory) {
    std::error_code failure;
    std::map<int, Migration> migrations;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
        if (entry.path().extension() != ".sql") continue;
        const std::string stem = entry.path().stem().string();
        TECNOCHAT_TRY(const int version, version_of(stem));
        std::ifstream file(entry.path(), std::ios::binary);
        std::string sql{std::istreambuf_iterator<char>(file), {}};
        if (!file) return refused(fmt::format("cannot read '{}.sql'", stem));
        auto expanded = expand_fragments(sql);
        if (!expanded) return refused(fmt::format("{}.sql: {}", stem, expanded.error().message));
        sql = *std::move(expanded);
        std::string sha256 = sha256_hex(sql);
        if (!migrations.try_emplace(version, Migration{stem, std::move(sql), std::move(sha256)})
                 .second) {
            return refused(fmt::format("migration number {:04} exists twice", version));
        }
    }
    if (failure) return refused(fmt::format("cannot read the folder {}", directory.string()));
    if (!migrations.empty() && migrations.rbegin()->first != static_cast<int>(migrations.size())) {
        return refused("a migration number is missing");
    }
    return migrations;
}

/// What is applied already must be what the folder says; returns how many.
Result<int> check_applied(Connection& connection, const std::map<int, Migration>& migrations) {
    TECNOCHAT_TRY(
        const auto rows,
        connection.execute("SELECT version, name, sha256 FROM schema_migrations ORDER BY version")
    );
    int expected = 1;
    for (const auto row : rows) {
        const auto found = migrations.find(static_cast<int>(row.number("version")));
        if (row.number("version") != expected++ || found == migrations.end()) {
            return refused(fmt::format("applied migration '{}' has no file", row.text("name")));
        }
        if (found->second.sha256 != row.text("sha256")) {
            return refused(fmt::format("applied migration '{}' has changed", row.text("name")));
        }
    }
    return rows.size();
}

Status apply(Connection& connection, int version, const Migration& migration) {
    TECNOCHAT_CHECK(connection.execute_script("BEGIN"));
    auto status = connection.execute_script(migration.sql);
    if (!status) {
        const auto& error = status.error();
        return make_error(
            error.code, fmt::format("{}.sql: {}", migration.name, error.message), error.reason
        );
    }
    TECNOCHAT_CHECK(connection.execute(
        "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1::int, $2, $3)",
        Params().add(version).add(migration.name).add(migration.sha256)
    ));
    return connection.commit();
}

}  // namespace

Result<std::string> expand_fragments(std::string_view sql) {
    constexpr std::string_view kInclude = "-- include:";
    std::string expanded;
    expanded.reserve(sql.size());
    while (!sql.empty()) {
        const auto end = std::min(sql.find('\n'), sql.size() - 1) + 1;
        auto line = sql.substr(0, end);
        sql.remove_prefix(end);
        if (!line.starts_with(kInclude)) {
            expanded += line;
            continue;
        }
        line.remove_prefix(std::min(line.find_first_not_of(' ', kInclude.size()), line.size()));
        const auto name = line.substr(0, line.find_last_not_of(" \r\n") + 1);
        const auto found = fragments().find(name);
        if (found == fragments().end()) {
            return refused(fmt::format("there is no fragment '{}'", name));
        }
        expanded += found->second;
    }
    return expanded;
}

Result<int> migrate(const std::string& conninfo, const std::filesystem::path& directory) {
    TECNOCHAT_TRY(const auto migrations, read_migrations(directory));
    TECNOCHAT_TRY(const auto connection, connect(conninfo, Deadline::after(kConnectTime)));
    connection->set_deadline(Deadline::after(kLockTime));
    // One at a time; the lock ends with the session. The number is arbitrary but fixed.
    TECNOCHAT_CHECK(connection->execute_script("SELECT pg_advisory_lock(7205759403792793601)"));
    connection->set_deadline(std::nullopt);
    TECNOCHAT_CHECK(connection->execute_script(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, name text NOT "
        "NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    ));
    TECNOCHAT_TRY(const int applied, check_applied(*connection, migrations));
    int count = 0;
    for (auto next = migrations.upper_bound(applied); next != migrations.end(); ++next) {
        TECNOCHAT_CHECK(apply(*connection, next->first, next->second));
        ++count;
    }
    return count;
}

}  // namespace tecnochat::postgres
