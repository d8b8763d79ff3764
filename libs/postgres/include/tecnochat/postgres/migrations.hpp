#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tecnochat/core/result.hpp"

namespace tecnochat::postgres {

/// `sql` with every line `-- include: <name>` replaced by the fragment of that name from
/// libs/postgres/migrations/fragments, which are compiled in (channels, inbox, outbox,
/// pipeline_policy). kFailedPrecondition for a name that there is none of.
Result<std::string> expand_fragments(std::string_view sql);

/// Applies NNNN_name.sql files of `directory` that are not applied yet, fragments expanded, in
/// order, each in its own transaction, under an advisory lock; records version, name, sha256 of the
/// expanded text and time in schema_migrations. Returns how many were applied. kFailedPrecondition
/// when an applied file or a fragment it includes has changed, a number is missing or double, or a
/// fragment is unknown.
Result<int> migrate(const std::string& conninfo, const std::filesystem::path& directory);

}  // namespace tecnochat::postgres
