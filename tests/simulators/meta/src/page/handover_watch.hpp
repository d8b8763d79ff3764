#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "clients/router_client.hpp"
#include "page/phone_page.hpp"
#include "simulator.hpp"

namespace tecnochat::meta_simulator {

/// Asks the router once a second, while a page is open, which conversations a person must answer.
/// Polling, because the page is a development tool and the router serves no stream.
class HandoverWatch {
 public:
    HandoverWatch(Simulator& simulator, RouterClient& router, PhonePage& page);

 private:
    void run(const std::stop_token& stop);

    Simulator& simulator_;
    RouterClient& router_;
    PhonePage& page_;
    std::mutex mutex_;
    std::condition_variable_any stopping_;
    // Last: uses everything above.
    std::jthread thread_;
};

}  // namespace tecnochat::meta_simulator
