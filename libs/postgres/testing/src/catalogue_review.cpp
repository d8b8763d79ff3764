#include "tecnochat/postgres/testing/catalogue_review.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <stdexcept>

namespace tecnochat::postgres::testing {
namespace {

constexpr const char* kEveryDatabase = "every_database";

// As PostgreSQL prints the policy of docs/adr/0006.
constexpr std::string_view kPolicy =
    "(tenant_id IN ( SELECT unnest((NULLIF(current_setting('app.tenants'::text, true), "
    "''::text))::uuid[]) AS unnest))";

// A policy without USING or without WITH CHECK takes the other one for it.
constexpr std::string_view kTables = R"sql(
    SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity AS enabled,
        c.relforcerowsecurity AS forced,
        EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy,
        EXISTS (
            SELECT FROM pg_policy p
            WHERE p.polrelid = c.oid AND (
                coalesce(pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid), '') <> $2
                OR coalesce(pg_get_expr(p.polwithcheck, c.oid), pg_get_expr(p.polqual, c.oid), '')
                    <> $2)) AS has_other_words
    FROM pg_class c
    WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY c.relname
)sql";

constexpr std::string_view kGlobalUnique = R"sql(
    SELECT x.relname AS name, t.relname AS table_name
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE t.relnamespace = to_regnamespace($1) AND (i.indisunique OR i.indisexclusion)
        AND a.attname IS DISTINCT FROM 'tenant_id'
    ORDER BY x.relname
)sql";

constexpr std::string_view kGrants = R"sql(
    SELECT g.name AS name,
        CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END AS grantee,
        g.privilege_type || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
            AS privilege
    FROM (
        SELECT c.relname::text AS name, c.relowner, a.*
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace = to_regnamespace($1)
        UNION ALL
        SELECT c.relname || '.' || t.attname, c.relowner, a.*
        FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
        WHERE c.relnamespace = to_regnamespace($1)
    ) g
    WHERE g.grantee <> g.relowner
    ORDER BY 1, 2, 3
)sql";

constexpr std::string_view kDefiners = R"sql(
    SELECT proname AS name FROM pg_proc
    WHERE pronamespace = to_regnamespace($1) AND prosecdef ORDER BY proname
)sql";

Rows read(Connection& connection, std::string_view sql, const Params& params) {
    auto rows = connection.execute(sql, params);
    if (!rows) throw std::runtime_error("the catalogue cannot be read: " + rows.error().message);
    return std::move(rows).value();
}

std::string owner_of(std::string service) {
    std::replace(service.begin(), service.end(), '-', '_');
    return service + "_owner";
}

/// Reviewed entries that were met, to tell the others.
using Met = std::set<std::string>;

template <class Entries>
void report_unused(
    const Entries& entries, const Met& met, std::string_view list, std::vector<std::string>& found
) {
    for (const auto& [name, what] : entries) {
        if (!met.contains(name)) {
            found.push_back(fmt::format("{} under {} is not needed any more", name, list));
        }
    }
}

void review_table(
    const Row& row,
    const std::string& owner,
    const ReviewedDatabase& reviewed,
    Met& met,
    std::vector<std::string>& found
) {
    const std::string name = row.text("name");
    if (row.view("owner") != owner) {
        found.push_back(fmt::format("table {} belongs to {}", name, row.view("owner")));
    }
    const bool enabled = row.flag("enabled");
    const bool forced = row.flag("forced");
    if (enabled && forced && row.flag("has_policy")) {
        if (row.flag("has_other_words")) {
            found.push_back(fmt::format("table {} has a policy in other words than ADR 6", name));
        }
        return;
    }
    if (reviewed.without_row_security.contains(name)) {
        met.insert(name);
        return;
    }
    if (!enabled) {
        found.push_back(fmt::format("table {} has no row-level security", name));
    } else if (!forced) {
        found.push_back(fmt::format("table {} does not force row-level security", name));
    } else {
        found.push_back(fmt::format("table {} has no policy", name));
    }
}

void review_grants(
    const Rows& rows,
    const std::string& service,
    const ReviewedDatabase& reviewed,
    std::vector<std::string>& found
) {
    std::map<std::string, std::set<std::string>> granted;
    for (const auto row : rows) {
        const auto name = row.text("name");
        const auto grantee = row.text("grantee");
        const auto privilege = row.text("privilege");
        const auto entry = reviewed.grants.find(name);
        if (grantee == service) granted[name].insert(privilege);
        if (grantee != service || entry == reviewed.grants.end() ||
            !entry->second.contains(privilege)) {
            found.push_back(fmt::format("{} has {} on {}", grantee, privilege, name));
        }
    }
    for (const auto& [name, privileges] : reviewed.grants) {
        for (const auto& privilege : privileges) {
            if (!granted[name].contains(privilege)) {
                found.push_back(
                    fmt::format("{} on {} under grants is not needed any more", privilege, name)
                );
            }
        }
    }
}

void take_reasons(const YAML::Node& node, std::map<std::string, std::string>& into) {
    for (const auto& entry : node) {
        auto reason = entry.second.as<std::string>();
        if (reason.empty()) {
            throw std::runtime_error(entry.first.as<std::string>() + " lacks a reason");
        }
        into.emplace(entry.first.as<std::string>(), std::move(reason));
    }
}

void take(const YAML::Node& node, ReviewedDatabase& into) {
    take_reasons(node["without_row_security"], into.without_row_security);
    take_reasons(node["global_unique"], into.global_unique);
    for (const auto& entry : node["grants"]) {
        const auto privileges = entry.second.as<std::vector<std::string>>();
        into.grants[entry.first.as<std::string>()].insert(privileges.begin(), privileges.end());
    }
}

}  // namespace

ReviewedDatabase load_review(const std::filesystem::path& file, const std::string& service) {
    try {
        const auto root = YAML::LoadFile(file.string());
        if (!root[service]) throw std::runtime_error("no entry of " + service);
        ReviewedDatabase reviewed;
        take(root[kEveryDatabase], reviewed);
        take(root[service], reviewed);
        return reviewed;
    } catch (const YAML::Exception& error) {
        throw std::runtime_error(fmt::format("{}: {}", file.string(), error.what()));
    }
}

std::vector<std::string> review_catalogue(
    Connection& connection,
    const std::string& schema,
    const std::string& service,
    const ReviewedDatabase& reviewed
) {
    std::vector<std::string> found;
    const auto of_schema = Params().add(schema);
    const auto tables = read(connection, kTables, Params().add(schema).add(kPolicy));
    if (tables.empty()) found.push_back(fmt::format("schema {} has no tables", schema));
    Met open;
    for (const auto row : tables) review_table(row, owner_of(service), reviewed, open, found);
    report_unused(reviewed.without_row_security, open, "without_row_security", found);

    Met global;
    const auto unique = read(connection, kGlobalUnique, of_schema);
    for (const auto row : unique) {
        const auto name = row.text("name");
        global.insert(name);
        if (!reviewed.global_unique.contains(name)) {
            found.push_back(fmt::format(
                "unique index {} of {} does not begin with tenant_id", name, row.view("table_name")
            ));
        }
    }
    report_unused(reviewed.global_unique, global, "global_unique", found);

    review_grants(read(connection, kGrants, of_schema), service, reviewed, found);
    const auto definers = read(connection, kDefiners, of_schema);
    for (const auto row : definers) {
        found.push_back(fmt::format("function {} runs with its owner's rights", row.view("name")));
    }
    return found;
}

}  // namespace tecnochat::postgres::testing
