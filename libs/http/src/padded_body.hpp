#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstdint>
#include <string>

#include "tecnochat/http/server.hpp"

namespace tecnochat::http {

/// A Beast body that keeps kBodyPadding bytes of capacity behind its text and takes memory only as
/// bytes arrive: an announced length alone costs at most kTrust.
struct PaddedBody {
    using value_type = std::string;
    static constexpr std::uint64_t kTrust = 64 * 1024;

    class reader {  // NOLINT(readability-identifier-naming): the name Beast looks for
     public:
        template <bool IsRequest, class Fields>
        reader(boost::beast::http::header<IsRequest, Fields>&, value_type& text) : text_(text) {}

        void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error) {
            if (length) text_.reserve(std::min(*length, kTrust) + kBodyPadding);
            error = {};
        }

        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
            std::size_t taken = 0;
            for (const boost::asio::const_buffer part : boost::beast::buffers_range_ref(buffers)) {
                text_.append(static_cast<const char*>(part.data()), part.size());
                taken += part.size();
            }
            error = {};
            return taken;
        }

        void finish(boost::system::error_code& error) {
            if (text_.capacity() < text_.size() + kBodyPadding) {
                text_.reserve(text_.size() + kBodyPadding);
            }
            error = {};
        }

     private:
        value_type& text_;
    };
};

}  // namespace tecnochat::http
