#pragma once

#include "use_cases/dispatcher.hpp"
#include "use_cases/recorder.hpp"

namespace tecnochat::whatsapp_connector {

/// The dispatcher and the recorder of its answers as one worker: whatever is posted until the stop
/// is also written down, within the deadline.
class Sending {
 public:
    Sending(Dispatcher& dispatcher, Recorder& recorder)
        : dispatcher_(dispatcher), recorder_(recorder) {}

    void start() {
        recorder_.start([this](std::size_t) { dispatcher_.wake(); });
        dispatcher_.start();
    }
    void stop(Deadline deadline) {
        dispatcher_.stop(deadline);
        recorder_.stop(deadline);
    }

 private:
    Dispatcher& dispatcher_;
    Recorder& recorder_;
};

}  // namespace tecnochat::whatsapp_connector
