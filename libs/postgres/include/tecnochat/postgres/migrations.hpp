#pragma once

#include <filesystem>
#include <string>

#include "tecnochat/core/result.hpp"

namespace tecnochat::postgres {

/// Applies NNNN_name.sql files of `directory` that are not applied yet, in order, each in its own
/// transaction, under an advisory lock; records version, name, sha256 and time in
/// schema_migrations. Returns how many were applied. kFailedPrecondition when an applied file has
/// changed or a number is missing or double.
Result<int> migrate(const std::string& conninfo, const std::filesystem::path& directory);

}  // namespace tecnochat::postgres
