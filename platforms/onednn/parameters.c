/* SPDX-License-Identifier: MIT */
#include "parameters.h"

#include <string.h>

int tensor_dims(const struct model *model, enum tensor_id id, dnnl_dim_t dims[4])
{
	const struct tensor *tensor = &model->tensors[id];

	for (int i = 0; i < tensor->rank; i++)
		dims[i] = (dnnl_dim_t)tensor->dims[i];
	if (id != FC1_WEIGHT)
		return tensor->rank;
	dims[1] = model->shape.filters2;
	dims[2] = dims[3] = model->pool2_side;
	return 4;
}

dnnl_format_tag_t plain_tag(int rank)
{
	return rank == 1 ? dnnl_a : rank == 2 ? dnnl_ab : dnnl_abcd;
}

void parameters_open(struct parameters *parameters, const struct model *model, dnnl_engine_t engine,
                     dnnl_stream_t stream)
{
	*parameters = (struct parameters){
		.model = model,
		.stream = stream,
		.store = {.engine = engine},
	};
	parameters->plain = store_bytes(&parameters->store, model->parameters * sizeof(float));
}

dnnl_memory_t parameters_tensor(struct parameters *parameters, enum tensor_id id, LAYOUT layout)
{
	struct store *store = &parameters->store;
	const size_t size = dnnl_memory_desc_get_size(layout);

	if (parameters->weight[id] != NULL)
		return parameters->weight[id];
	parameters->weight[id] = store_memory(store, layout);
	parameters->velocity[id] = store_bytes(store, size);
	parameters->floats[id] = size / sizeof(float);
	return parameters->weight[id];
}

void parameters_finish(struct parameters *parameters)
{
	struct store *store = &parameters->store;

	for (int i = 0; i < TENSOR_COUNT; i++) {
		const enum tensor_id id = (enum tensor_id)i;
		dnnl_dim_t dims[4];
		const int rank = tensor_dims(parameters->model, id, dims);
		LAYOUT layout = layout_new(rank, dims, plain_tag(rank));
		dnnl_memory_t plain =
			store_view(store, layout, parameters->plain + parameters->model->tensors[id].offset);

		sequence_copy(&parameters->in, store, plain, parameters->weight[id]);
		sequence_copy(&parameters->out, store, parameters->weight[id], plain);
		layout_free(layout);
	}
	store_finish(store);
}

void parameters_set(struct parameters *parameters, const float *init)
{
	memcpy(parameters->plain, init, parameters->model->parameters * sizeof(*init));
	sequence_run(&parameters->in, parameters->stream);
	for (int i = 0; i < TENSOR_COUNT; i++)
		memset(parameters->velocity[i], 0, parameters->floats[i] * sizeof(float));
}

void parameters_get(struct parameters *parameters, float *weights)
{
	sequence_run(&parameters->out, parameters->stream);
	memcpy(weights, parameters->plain, parameters->model->parameters * sizeof(*weights));
}

void parameters_update(struct parameters *parameters, enum tensor_id id, float *const *gradients,
                       size_t terms, float rate, float momentum)
{
	const size_t count = parameters->floats[id];
	float *restrict weight = memory_data(parameters->weight[id]);
	float *restrict velocity = parameters->velocity[id];
	float *restrict sum = gradients[0];

	for (size_t t = 1; t < terms; t++) {
		const float *restrict more = gradients[t];
		for (size_t i = 0; i < count; i++)
			sum[i] += more[i];
	}
	for (size_t i = 0; i < count; i++) {
		velocity[i] = momentum * velocity[i] + sum[i];
		weight[i] -= rate * velocity[i];
	}
}

void parameters_close(struct parameters *parameters)
{
	sequence_free(&parameters->in);
	sequence_free(&parameters->out);
	store_free(&parameters->store);
}
