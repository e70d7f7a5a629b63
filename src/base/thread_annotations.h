// Clang's thread safety analysis: which lock guards what is written in code, and the build with clang proves it.
//
// Other compilers see nothing. A member is GUARDED_BY(mutex_); a function that wants the lock held REQUIRES(mutex_),
// one that takes it itself EXCLUDES(mutex_). Locks are base/mutex.h's: the standard library's are not annotated.
#pragma once

#if defined(__clang__)
#define ESTOC_ANNOTATION(x) __attribute__((x))
#else
#define ESTOC_ANNOTATION(x)
#endif

#define CAPABILITY(name) ESTOC_ANNOTATION(capability(name))
#define SCOPED_CAPABILITY ESTOC_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) ESTOC_ANNOTATION(guarded_by(x))
#define REQUIRES(...) ESTOC_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) ESTOC_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) ESTOC_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) ESTOC_ANNOTATION(release_capability(__VA_ARGS__))
