#include "clients/file_token_source.hpp"

#include <sys/stat.h>

#include <fstream>

namespace tecnochat::whatsapp_connector {

Result<Secret> FileTokenSource::token(const std::string&) {
    struct stat status{};
    if (stat(path_.c_str(), &status) != 0)
        return make_error(
            ErrorCode::kFailedPrecondition, "the Graph token file is missing: " + path_
        );
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return make_error(
            ErrorCode::kFailedPrecondition,
            "the Graph token file may be read by others, chmod it to 0600: " + path_
        );
    }
    std::ifstream file(path_);
    std::string token;
    std::getline(file, token);
    if (token.empty())
        return make_error(
            ErrorCode::kFailedPrecondition, "the Graph token file is empty: " + path_
        );
    return Secret(std::move(token));
}

}  // namespace tecnochat::whatsapp_connector
