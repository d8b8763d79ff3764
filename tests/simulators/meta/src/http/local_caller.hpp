#pragma once

#include <httplib.h>

#include <string_view>

namespace tecnochat::meta_simulator {

/// Whether a Host header's value, with or without a port, names this machine by loopback.
bool is_loopback(std::string_view host);

/// 200 where a program of this machine may have sent the request, else the status to refuse it
/// with. A page of any site may post to this machine: as `text/plain` without asking, and under a
/// Host of its own by letting its name point here. Neither can be told from us but by these
/// headers.
int local_caller_status(const httplib::Request& request);

}  // namespace tecnochat::meta_simulator
