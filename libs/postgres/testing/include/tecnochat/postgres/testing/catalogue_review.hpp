#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres::testing {

/// What people have looked at and let pass in one service's database.
struct ReviewedDatabase {
    std::map<std::string, std::string> without_row_security;  // table -> reason
    std::map<std::string, std::string> global_unique;         // index -> reason
    std::map<std::string, std::set<std::string>> grants;      // table -> the service's privileges
};

/// The service's entry of deploy/database-review.yaml with what it says of every database. Throws
/// std::runtime_error where the file cannot be read, has no such entry or lacks a reason.
ReviewedDatabase load_review(const std::filesystem::path& file, const std::string& service);

/// Compares pg_catalog with the review; one sentence for each violation, none: all is well. In
/// `schema` every table belongs to `<service>_owner` and has forced row-level security in the words
/// of docs/adr/0006; every unique index begins with tenant_id; only the service has rights, exactly
/// those reviewed; no function runs with its owner's rights. An entry that nothing in the database
/// needs is a violation as well. Throws std::runtime_error where the catalogue cannot be read.
std::vector<std::string> review_catalogue(
    Connection& connection,
    const std::string& schema,
    const std::string& service,
    const ReviewedDatabase& reviewed
);

}  // namespace tecnochat::postgres::testing
