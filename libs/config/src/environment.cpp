#include "environment.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include "tecnochat/core/environment.hpp"

namespace tecnochat::config {
namespace {

constexpr std::string_view kPrefix = "TECNOCHAT_";
constexpr std::size_t kSecretFileBytesMax = 64 * 1024;

/// Not settings of a service; README.md lists them.
constexpr std::array<std::string_view, 6> kForeign = {
    "TECNOCHAT_FAILPOINTS",
    "TECNOCHAT_ALLOW_FAILPOINTS",
    "TECNOCHAT_CLI",
    "TECNOCHAT_STATE_DIR",
    "TECNOCHAT_PORT_BASE",
    "TECNOCHAT_LOG_LEVEL",
};
constexpr std::string_view kTestPrefix = "TECNOCHAT_TEST_";

bool is_foreign(std::string_view variable) {
    return variable.starts_with(kTestPrefix) ||
           std::find(kForeign.begin(), kForeign.end(), variable) != kForeign.end();
}

bool is_customary(std::string_view name) {
    return !name.empty() && std::isupper(static_cast<unsigned char>(name.front())) != 0;
}

std::string map_characters(std::string_view text, char from, char to, int (*change_case)(int)) {
    std::string mapped(text);
    for (char& c : mapped) {
        c = c == from ? to : static_cast<char>(change_case(static_cast<unsigned char>(c)));
    }
    return mapped;
}

Result<std::string> read_secret_file(const std::string& variable, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string content(kSecretFileBytesMax + 1, '\0');
    if (file) file.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.is_open() || file.bad()) {
        return make_error(
            ErrorCode::kInvalidArgument,
            fmt::format("{}: cannot read the file '{}'", variable, path)
        );
    }
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (content.size() > kSecretFileBytesMax) {
        return make_error(
            ErrorCode::kInvalidArgument,
            fmt::format("{}: '{}' is larger than {} bytes", variable, path, kSecretFileBytesMax)
        );
    }
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
    return content;
}

}  // namespace

std::string variable_of(std::string_view name) {
    if (is_customary(name)) return std::string(name);
    return std::string(kPrefix) + map_characters(name, '-', '_', std::toupper);
}

std::string flag_of(std::string_view name) {
    return "--" + map_characters(name, '_', '-', std::tolower);
}

Result<std::optional<std::string>> read_secret(const std::string& variable) {
    auto direct = environment_variable(variable);
    const std::string file_variable = variable + "_FILE";
    const auto path = environment_variable(file_variable);
    if (!path) return direct;
    if (direct) {
        return make_error(
            ErrorCode::kInvalidArgument,
            fmt::format("{} and {} are both set; keep one", variable, file_variable)
        );
    }
    TECNOCHAT_TRY(auto content, read_secret_file(file_variable, *path));
    return std::optional<std::string>(std::move(content));
}

Status refuse_unknown_variables(const std::set<std::string>& declared) {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::string_view variable = text.substr(0, text.find('='));
        if (!variable.starts_with(kPrefix) || is_foreign(variable)) continue;
        if (declared.contains(std::string(variable))) continue;
        return make_error(
            ErrorCode::kInvalidArgument,
            fmt::format("the variable {} is not a setting of this program (see --help)", variable)
        );
    }
    return ok();
}

}  // namespace tecnochat::config
