#include "clients/file_token_source.hpp"

#include <ctime>
#include <fstream>

namespace tecnochat::whatsapp_connector {
namespace {

/// The times of files go in steps of the kernel's clock: a file that was changed just now may be
/// changed again without a newer time.
bool is_settled(const struct stat& file) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - file.st_mtim.tv_sec > 1;
}

}  // namespace

bool FileTokenSource::Read::is_of(const struct stat& file) const {
    return !token.empty() && modified.tv_sec == file.st_mtim.tv_sec &&
           modified.tv_nsec == file.st_mtim.tv_nsec && size == file.st_size && inode == file.st_ino;
}

Status FileTokenSource::check() {
    TECNOCHAT_CHECK(token(""));
    return ok();
}

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
    auto known =
        last_.with([&](const Read& last) { return last.is_of(status) ? last.token : Secret(); });
    if (!known.empty()) return known;
    std::ifstream file(path_);
    std::string line;
    std::getline(file, line);
    if (line.empty())
        return make_error(
            ErrorCode::kFailedPrecondition, "the Graph token file is empty: " + path_
        );
    Secret token(std::move(line));
    if (is_settled(status)) {
        // Looked at before it was read: what replaced it meanwhile has another time.
        last_.with([&](Read& last) {
            last = {token, status.st_mtim, status.st_size, status.st_ino};
        });
    }
    return token;
}

}  // namespace tecnochat::whatsapp_connector
