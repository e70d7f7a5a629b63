#include "http/service.h"

#include <fmt/core.h>

#include "base/log.h"

namespace estoc::http {

Response Service::render(int status, std::string_view message) const {
  if (config.render_error) {
    try {
      return config.render_error(status, message);
    } catch (const std::exception& error) {
      log_error("http: rendering an error answer failed: {}", error.what());
    } catch (...) {
      log_error("http: rendering an error answer failed");
    }
  }
  return {status, {{"content-type", "text/plain; charset=utf-8"}}, fmt::format("{}\n", message)};
}

int Service::connection_count() const {
  const MutexLock lock(mutex_);
  return connection_count_;
}

void Service::wait_for_no_connection(std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  released_.wait_for(lock, timeout, [this]() REQUIRES(mutex_) { return connection_count_ == 0; });
}

ConnectionSlot::ConnectionSlot(std::shared_ptr<Service> service) : service_(std::move(service)) {
  const MutexLock lock(service_->mutex_);
  ++service_->connection_count_;
}

ConnectionSlot::~ConnectionSlot() {
  const MutexLock lock(service_->mutex_);
  --service_->connection_count_;
  service_->released_.notify_all();
}

}  // namespace estoc::http
